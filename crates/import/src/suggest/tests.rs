use std::convert::Infallible;

use super::*;

fn suggested(name: &str, text: &str, kind: Option<Kind>) -> Result<Suggestion, SuggestError<Infallible>> {
    let mut lines = text.lines().map(|line| line.split('|').map(str::trim).collect::<Vec<_>>());
    let header: Vec<String> = lines.next().unwrap().into_iter().map(str::to_owned).collect();
    let rows: Vec<_> = lines.collect();
    let rules = |request: &RecordInteractionRequest| {
        rapport_contract::rules::Violations::of(request.interaction.as_ref().unwrap())
    };
    let about = Circumstances {
        file_name: name,
        header: &header,
        kind,
        reading: &[],
        now: "2026-11-29T00:00:00Z".parse().unwrap(),
        rules: &rules,
    };
    let mut scan = |each: &mut dyn FnMut(Scanned<'_>)| {
        rows.iter().zip(2..).for_each(|(row, line)| each((line, Ok(Row::new(row.clone())))));
        Ok::<(), Infallible>(())
    };
    suggest(&mut scan, &about)
}

fn line<'a>(suggestion: &'a Suggestion, begin: &str) -> &'a str {
    suggestion
        .mapping
        .lines()
        .find(|line| line.starts_with(begin))
        .unwrap_or_else(|| panic!("{begin}: {}", suggestion.mapping))
}

#[test]
fn calls_with_chinese_columns() {
    let text = "流水号|客户编号|接入时间|坐席|等待时长(秒)|通话时长|通话状态|满意度\n\
        A1|C7|2026年11月1日 上午9:05|王芳|12|0:03:10|已接通|非常满意\n\
        A2|C8|2026年11月1日 下午3:05|李雷|40||未接来电|\n\
        A3|C7|2026年11月13日 下午4:00|王芳|5|0:01:00|已接通|不满意";
    let calls = suggested("呼入记录 2026-11.csv", text, None).unwrap();
    assert_eq!((calls.kind, calls.trial.sent, calls.trial.rejected), (Kind::Interactions, 3, 0), "{}", calls.mapping);
    assert_eq!(line(&calls, "key"), "key = \"流水号\"");
    assert_eq!(line(&calls, "source"), "source = \"呼入记录\"");
    assert!(
        calls.mapping.contains("after = \"requested_time\", column = \"等待时长(秒)\", format = \"s\""),
        "{}",
        calls.mapping
    );
    assert!(line(&calls, "customer_id").contains("客户编号") && line(&calls, "staff_id").contains("坐席"));
    let ratings = suggested("calls.csv", text, Some(Kind::Ratings)).unwrap();
    assert_eq!((ratings.trial.sent, ratings.trial.skipped), (2, 1), "{}", ratings.mapping);
    assert_eq!(
        suggested("calls.csv", text, None).unwrap().mapping,
        suggested("calls.csv", text, None).unwrap().mapping
    );
}

#[test]
fn day_or_month_first_is_left_to_the_person_where_nothing_decides() {
    let text = "id|created|agent\n1|01/02/2026|a\n2|03/04/2026|b";
    let open = suggested("t.csv", text, None).unwrap();
    assert!(open.mapping.contains("format = \"?\""), "{}", open.mapping);
    assert!(open.questions.iter().any(|question| question.contains("%d/%m/%Y") && question.contains("%m/%d/%Y")));
    assert!(open.trial.reasons.keys().any(|reason| reason.contains("only you can answer")));
}

#[test]
fn columns_together_are_a_key_and_repeated_rows_are_said() {
    let text = "call|at|who\n7|2026-01-01 10:00:00|x\n7|2026-01-02 10:00:00|x\n8|2026-01-01 10:00:00|x";
    assert_eq!(line(&suggested("t.csv", text, None).unwrap(), "key"), "key = [\"at\", \"call\"]");
    let text = "at|who\n2026-01-01|x\n2026-01-01|x";
    let twice = suggested("t.csv", text, None).unwrap();
    assert!(twice.questions.iter().any(|question| question.contains("repeat in 1 rows")), "{:?}", twice.questions);
}

#[test]
fn scores_are_folded_and_the_folding_is_asked() {
    let nps = "id|date|nps score\n1|2026-01-01|10\n2|2026-01-02|0\n3|2026-01-03|7";
    let nps = suggested("nps.csv", nps, None).unwrap();
    assert_eq!((nps.kind, nps.trial.sent), (Kind::Ratings, 3), "{}", nps.mapping);
    assert!(line(&nps, "score").contains("0 = \"1\", 10 = \"5\", 7 = \"4\""), "{}", line(&nps, "score"));
    let stars = "id|created|rating\n1|2026-01-01|★★★★★\n2|2026-01-02|★☆☆☆☆\n3|2026-01-03|★★★★☆";
    let stars = suggested("stars.csv", stars, None).unwrap();
    assert_eq!((stars.kind, stars.trial.sent, stars.trial.rejected), (Kind::Ratings, 3, 0), "{}", stars.mapping);
}

#[test]
fn people_become_a_directory() {
    let text = "customer id|name|phone|email\nc1|Ana|+4930123456|a@example.com\nc2|Ben||b@example.com";
    let people = suggested("people.csv", text, None).unwrap();
    assert_eq!((people.kind, people.trial.sent, people.trial.rejected), (Kind::Directory, 2, 0), "{}", people.mapping);
    assert!(people.mapping.contains("[[customer.contact_points]]"));
}

#[test]
fn a_file_that_says_nothing_gets_no_mapping() {
    assert!(matches!(suggested("t.csv", "a|b", None), Err(SuggestError::NoRows)));
    assert!(matches!(suggested("t.csv", "colour|shade\nred|dark\nblue|light", None), Err(SuggestError::NoKind)));
}

#[test]
fn a_callers_column_with_names_is_no_telephone() {
    let text = "number|opened_at|resolved_at|assigned_to|caller_id\nINC1|2026-01-01 10:00:00|2026-01-01 11:00:00|Ann|David Miller\nINC2|2026-01-02 10:00:00|2026-01-02 11:00:00|Ann|survey user";
    let named = suggested("incident.csv", text, Some(Kind::Interactions)).unwrap();
    assert!(named.mapping.contains("kind = { constant = \"other\" }"), "{}", named.mapping);
    let text = "number|opened_at|resolved_at|assigned_to|caller_id\nINC1|2026-01-01 10:00:00|2026-01-01 11:00:00|Ann|+49 30 123456\nINC2|2026-01-02 10:00:00|2026-01-02 11:00:00|Ann|+49 30 123457";
    assert!(
        suggested("incident.csv", text, Some(Kind::Interactions))
            .unwrap()
            .mapping
            .contains("kind = { constant = \"phone\" }")
    );
}

#[test]
fn rows_that_name_the_columns_once_more_are_skipped() {
    let text = "StartDate|EndDate|Progress|ResponseId|Q1\n\
        Start Date|End Date|Progress|Response ID|How was it?\n\
        {\"ImportId\":\"startDate\"}|{\"ImportId\":\"endDate\"}|{\"ImportId\":\"progress\"}|{\"ImportId\":\"_recordId\"}|{\"ImportId\":\"QID1\"}\n\
        2026-07-23 09:00:09|2026-07-23 09:44:10|100|R_1|good\n\
        2026-07-24 09:00:09|2026-07-24 09:44:10|100|R_2|bad";
    let survey = suggested("survey.csv", text, None).unwrap();
    assert_eq!((survey.trial.sent, survey.trial.skipped, survey.trial.rejected), (2, 2, 0), "{}", survey.mapping);
    assert!(survey.mapping.contains("have some: line 2 and 3."), "{}", survey.mapping);
    assert!(!survey.mapping.contains("e.g. \"Start Date\""), "{}", survey.mapping);
    // One date that cannot be read is a row's own fault.
    let text = "id|created|agent\n1|soon|a\n2|2026-01-31|b\n3|2026-01-30|b";
    let row = suggested("t.csv", text, None).unwrap();
    assert_eq!((row.trial.sent, row.trial.skipped, row.trial.rejected), (2, 0, 1), "{}", row.mapping);
}

#[test]
fn a_few_matters_may_stay_open_for_more_than_a_year() {
    let rows = |longest: u64, count: usize| {
        let row = |place: usize| {
            let seconds = if place < count { longest } else { 3_600 };
            format!("{place}|2020-01-31 09:00:00|{seconds}|{seconds}|{}\n", ["answered", "abandoned"][place % 2])
        };
        let text = format!(
            "number|opened_at|wait time in seconds|duration in seconds|outcome\n{}",
            (0..100).map(row).collect::<String>()
        );
        suggested("incident.csv", &text, Some(Kind::Interactions)).unwrap()
    };
    let few = rows(35_529_225, 2);
    assert_eq!((few.trial.sent, few.trial.rejected), (100, 0), "{}", few.mapping);
    assert_eq!(few.mapping.matches("longest = \"412 d\"").count(), 2, "{}", few.mapping);
    assert!(few.mapping.contains("when = { outcome = \"answered\" }, longest"), "{}", few.mapping);
    // Many, or of ten years and more, are something else.
    assert_eq!(rows(35_529_225, 40).trial.rejected, 40);
    assert_eq!(rows(1_500_000_000, 2).trial.rejected, 2);
}

#[test]
fn a_file_none_of_whose_rows_can_be_read_says_why() {
    let header = ["a".to_owned(), "b".to_owned()];
    let rules = |_: &RecordInteractionRequest| Vec::new();
    let now = "2026-11-29T00:00:00Z".parse().unwrap();
    let about = Circumstances { file_name: "t.csv", header: &header, kind: None, reading: &[], now, rules: &rules };
    let mut scan = |each: &mut dyn FnMut(Scanned<'_>)| {
        (2..5).for_each(|line| each((line, Err(vec!["has 1 columns instead of 2".to_owned()]))));
        Ok::<(), Infallible>(())
    };
    let error = suggest(&mut scan, &about).unwrap_err().to_string();
    assert_eq!(error, "none of the 3 rows can be read; the first, in line 2, has 1 columns instead of 2");
}

#[test]
fn columns_without_names_are_known_by_their_values() {
    let text = "A|B|C|D\n2026-01-31 09:00:00|105|ANSWERED|in\n2026-01-31 09:05:00|106|NO ANSWER|out";
    let calls = suggested("cdr.csv", text, None).unwrap();
    assert_eq!((calls.kind, calls.trial.sent), (Kind::Interactions, 2), "{}", calls.mapping);
    assert!(line(&calls, "outcome").contains("column = \"C\""), "{}", calls.mapping);
    assert!(calls.mapping.contains("column = \"D\", values = { in = "), "{}", calls.mapping);
}

#[test]
fn what_happened_in_time_is_no_outcome() {
    let text = "id|created at|answered within 1 min|answered at\n\
        1|2026-01-31 09:00:00|True|2026-01-31 09:00:30\n2|2026-01-31 09:00:00|False|2026-01-31 09:05:00";
    let calls = suggested("calls.csv", text, None).unwrap();
    assert!(line(&calls, "outcome").contains("constant = \"answered\""), "{}", calls.mapping);
    assert!(!calls.mapping.contains("when ="), "{}", calls.mapping);
}

#[test]
fn what_is_called_from_is_somebodys_number_only_with_numbers() {
    let text = "issue|from status|to status\nP-1|To Do|Done\nP-2|To Do|In Progress";
    assert!(matches!(suggested("log.csv", text, None), Err(SuggestError::NoKind)));
    let text = "name|from\nAnn|+49 30 123456\nBen|+49 30 123457";
    assert_eq!(suggested("people.csv", text, None).unwrap().kind, Kind::Directory);
}

#[test]
fn a_figure_or_a_yes_is_no_conclusion() {
    let with = |column: &str, values: [&str; 2]| {
        let text =
            format!("id|created at|{column}\n1|2026-01-31 09:00:00|{}\n2|2026-01-31 09:05:00|{}", values[0], values[1]);
        suggested("calls.csv", &text, None).unwrap().mapping.contains("\nconclusion = ")
    };
    assert!(with("resolution", ["Fixed by a restart", "Explained"]));
    assert!(with("resolution", ["重启后恢复", "已给客户退款"]));
    assert!(!with("browser resolution", ["360x800", "1920x1080"]));
    assert!(!with("resolution sla met", ["yes", "no"]));
}

#[test]
fn who_is_staff_in_a_chat_is_taken_where_something_says_it_and_asked_otherwise() {
    let chat = |names: [&str; 3]| {
        let [a, b, c] = names;
        format!(
            "time|author|kind|text\n2026-11-01T10:00:00||notice|encrypted\n2026-11-01T10:01:00|{a}|text|hi\n\
             2026-11-01T10:02:00|{b}|text|hi\n2026-11-03T10:02:00|{c}|attachment|x"
        )
    };
    let number = suggested("_chat.txt", &chat(["+49 30 1", "Lin", "Lin"]), None).unwrap();
    assert_eq!(
        (line(&number, "customers"), line(&number, "staff = \"L")),
        ("customers = \"+49 30 1\"", "staff = \"Lin\"")
    );
    assert_eq!((number.trial.read, number.trial.sent), (2, 2), "{:?}", number.trial);
    assert!(number.mapping.contains("kind = { constant = \"phone\" }") && number.questions.len() == 1);
    let named = suggested("WhatsApp Chat with Ann.txt", &chat(["Ann", "Lin", "Ben"]), None).unwrap();
    assert_eq!(line(&named, "staff = ["), "staff = [\"Lin\", \"Ben\"]");
    assert_eq!((line(&named, "channel"), named.trial.sent), ("channel = { constant = \"group_chat\" }", 2));
    let open = suggested("_chat.txt", &chat(["Ann", "Lin", "Ann"]), None).unwrap();
    assert!(
        open.mapping.contains("staff = \"?\"") && open.mapping.contains("\"Ann\" (2), \"Lin\" (1)"),
        "{}",
        open.mapping
    );
    assert!(open.trial.reasons.keys().any(|reason| reason.contains("only you can answer")));
}
