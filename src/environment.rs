//! Variables that look like settings and are none: a misspelt one would otherwise be set and never count. Pure.

/// What our variables begin with.
const PREFIX: &str = "RAPPORT_";

/// The variable of a key.
pub(crate) fn variable(key: &str) -> String {
    format!("{PREFIX}{}", key.replace('.', "_").to_uppercase())
}

/// Those of an environment's variables that begin like ours and mean nothing, each with the nearest that means something.
/// `known`: what means something.
///
/// What orchestrators set for a service that is called `rapport`, or for one whose name begins so, is passed over: nobody
/// wrote it, and nobody can mend it.
pub(crate) fn misspelt<'a>(
    environment: impl IntoIterator<Item = (&'a str, &'a str)>,
    known: &[String],
) -> Vec<(&'a str, String)> {
    let nearest = |name: &str| known.iter().min_by_key(|known| strsim::damerau_levenshtein(name, known)).cloned();
    let mut found: Vec<_> = environment
        .into_iter()
        .filter(|(name, value)| name.starts_with(PREFIX) && !is_injected(name, value))
        .filter(|(name, _)| known.iter().all(|known| known != name))
        .filter_map(|(name, _)| Some((name, nearest(name)?)))
        .collect();
    found.sort_unstable();
    found
}

/// Whether a variable is one of those that containers get for each service near them: `X_SERVICE_HOST`, `X_SERVICE_PORT`,
/// `X_SERVICE_PORT_GRPC`, `X_PORT` with a URL, `X_PORT_50051_TCP` and what is below it.
fn is_injected(name: &str, value: &str) -> bool {
    let of_a_port = |rest: &str| {
        let mut words = rest.split('_');
        words.next().is_some_and(|port| port.parse::<u16>().is_ok())
            && words.next().is_some_and(|protocol| ["TCP", "UDP", "SCTP"].contains(&protocol))
    };
    name.ends_with("_SERVICE_HOST")
        || name.ends_with("_SERVICE_PORT")
        || name.contains("_SERVICE_PORT_")
        || name.ends_with("_PORT") && value.contains("://")
        || name.match_indices("_PORT_").any(|(at, port)| of_a_port(&name[at + port.len()..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(names: &[(&str, &str)]) -> Vec<(String, String)> {
        let known = ["database_url", "limits.call_timeout", "config", "token"].map(variable);
        misspelt(names.iter().copied(), &known).into_iter().map(|(name, near)| (name.to_owned(), near)).collect()
    }

    #[test]
    fn a_misspelt_variable_is_named_with_the_nearest() {
        let pair = |name: &str, near: &str| (name.to_owned(), near.to_owned());
        let names = [
            ("RAPPORT_DATABSE_URL", "x"),
            ("RAPPORT_LIMITS_CALLTIMEOUT", ""),
            ("RAPPORT_TOKN", "secret"),
            ("RAPPORT_PORT", "50051"),
            ("RAPORT_LISTEN", "not ours to judge"),
        ];
        let expected = [
            pair("RAPPORT_DATABSE_URL", "RAPPORT_DATABASE_URL"),
            pair("RAPPORT_LIMITS_CALLTIMEOUT", "RAPPORT_LIMITS_CALL_TIMEOUT"),
            pair("RAPPORT_TOKN", "RAPPORT_TOKEN"),
        ];
        let found = found(&names);
        assert_eq!(found.iter().filter(|one| one.0 != "RAPPORT_PORT").cloned().collect::<Vec<_>>(), expected);
        assert!(found.iter().any(|one| one.0 == "RAPPORT_PORT"));
    }

    #[test]
    fn what_counts_and_what_orchestrators_set_is_passed_over() {
        let set = [
            ("RAPPORT_LIMITS_CALL_TIMEOUT", "10s"),
            ("RAPPORT_CONFIG", "x"),
            ("RAPPORT_SERVICE_HOST", "10.0.0.1"),
            ("RAPPORT_SERVICE_PORT", "50051"),
            ("RAPPORT_SERVICE_PORT_GRPC", "50051"),
            ("RAPPORT_PORT", "tcp://10.0.0.1:50051"),
            ("RAPPORT_PORT_50051_TCP", "tcp://10.0.0.1:50051"),
            ("RAPPORT_PORT_50051_TCP_ADDR", "10.0.0.1"),
            ("RAPPORT_METRICS_PORT_9090_TCP_PROTO", "tcp"),
        ];
        assert_eq!(found(&set), []);
    }
}
