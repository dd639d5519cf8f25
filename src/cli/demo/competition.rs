//! The part of the story in which teams compete: a month under dealt panels, in which two teams try to swap votes, and a strict
//! open choice, in which the swapped ballot is refused.

use std::collections::{BTreeMap, HashMap};

use anyhow::Context as _;
use tonic::{Code, Status};

use super::{Story, TOKEN_LIFE, refused, tell};
use rapport_vote::{
    Form, Method,
    dealing::{Directions, OneWay, Terms},
    draw::{Purpose, Seed, sha256},
    record::Record,
    simulation::{Bury, Chance, Plan, Rules, Size, Society},
    verify::verify,
};

use crate::{
    api::{
        convert::timestamp,
        v1::{self, BallotForm, CompetitionRules, CompetitionState, Entry, Role, StaffRole, SwapRule},
    },
    cli::{client::Client, competition::standings_table},
    clock::Clock,
};

/// Branches that compete, with their service plans.
const BRANCHES: [(&str, &str, &str); 8] = [
    ("beijing", "北京分校", "课后当天回访"),
    ("shanghai", "上海分校", "一通电话解决到底"),
    ("guangzhou", "广州分校", "粤语服务专线"),
    ("shenzhen", "深圳分校", "夜间答疑"),
    ("chengdu", "成都分校", "雨天延迟签到"),
    ("wuhan", "武汉分校", "退费三日到账"),
    ("xian", "西安分校", "学员生日问候"),
    ("nanjing", "南京分校", "错题本寄送"),
];
/// Departments that judge and do not compete.
const NEUTRAL: [(&str, &str); 4] =
    [("finance", "财务部"), ("legal", "法务部"), ("curriculum", "教研部"), ("it", "信息部")];
const SIZE: Size = Size { teams: BRANCHES.len(), voters: 6, neutral: NEUTRAL.len() };
const PANEL: &str = "三月服务竞赛";
const NOW: &str = "本月服务竞赛";
const OPEN: &str = "三月服务竞赛（公开投票）";
/// From which the tastes of the story's voters are drawn.
const TASTES: &str = "a month in Shanghai";
/// The first two branches push each other.
const SWAP: usize = 2;
const HOUR: i64 = 3_600_000_000;

/// What people call a colleague of a branch or department.
fn called(id: &str) -> String {
    const FAMILY: [&str; 12] = ["赵", "钱", "孙", "李", "周", "吴", "郑", "王", "冯", "陈", "蒋", "韩"];
    const GIVEN: [&str; 7] = ["晓燕", "建国", "思远", "文静", "海涛", "雨桐", "明"];
    let sum: usize = id.bytes().map(usize::from).sum();
    let (family, given) = (FAMILY.get(sum % FAMILY.len()), GIVEN.get(sum % GIVEN.len()));
    format!("{}{}", family.unwrap_or(&""), given.unwrap_or(&""))
}

/// Everybody who votes: branch by branch, then the departments.
fn voters() -> Vec<(String, &'static str)> {
    let teams = BRANCHES.iter().map(|(team, ..)| *team).chain(NEUTRAL.iter().map(|(team, _)| *team));
    teams.flat_map(|team| (1..=SIZE.voters).map(move |number| (format!("{team}.{number}"), team))).collect()
}

/// The colleagues of each branch by its number, and those of the hotline.
pub(super) fn branch_staff() -> Vec<(usize, Vec<String>)> {
    let of = |branch: &str| (1..=SIZE.voters).map(|number| format!("{branch}.{number}")).collect();
    let hotline = ["li.na", "liu.yang", "sun.tao"].map(str::to_owned).to_vec();
    let branches = BRANCHES.iter().map(|(branch, ..)| of(branch)).chain([hotline]);
    branches.enumerate().collect()
}

impl Story {
    /// A month's competition, its leaderboard and its record.
    pub(super) async fn competition(&mut self, redeals: usize) -> anyhow::Result<()> {
        tell!("\nThe service competition: eight branches submit plans, four departments judge with them (C1).")?;
        self.branches().await?;
        let society = society(TASTES, 0);
        let id = match self.find(PANEL).await? {
            Some(id) => {
                tell!("Its votes were cast when this story was told first.")?;
                id
            }
            None => self.panel_vote(&society).await?,
        };
        tell!("The leaderboard:")?;
        let standings = self.leaderboard(&id).await?;
        tell!("{}", standings_table(&standings))?;
        for standing in standings.iter().take(2) {
            let request = v1::ExplainStandingRequest { entry_id: standing.entry_id.clone() };
            let told = self.admin.competitions.explain_standing(request).await.map_err(refused)?.into_inner();
            tell!("  {}: {}", standing.title, told.text)?;
        }
        self.verify(&id).await?;
        gains(redeals).await?;
        self.open_vote().await
    }

    /// This month's competition, whose vote is open for a week.
    pub(super) async fn this_month(&mut self) -> anyhow::Result<()> {
        let listed = self.admin.competitions.list_competitions(v1::ListCompetitionsRequest::default()).await;
        let listed = listed.map_err(refused)?.into_inner().competitions;
        if !listed.iter().any(|one| one.title == NOW && one.state() == CompetitionState::Voting) {
            self.opened(NOW, 7 * 24 * HOUR, CompetitionRules { panel_size: 6, ..Default::default() }).await?;
        }
        Ok(())
    }

    async fn branches(&mut self) -> anyhow::Result<()> {
        let named = BRANCHES.iter().map(|(id, name, _)| (*id, *name)).chain(NEUTRAL);
        let team =
            |(id, name): (&str, &str)| v1::Team { team_id: id.into(), display_name: name.into(), ..Default::default() };
        let teams = named.map(team).collect();
        let request = v1::BatchUpsertTeamsRequest { request_id: "demo-branches".into(), teams, ..Default::default() };
        self.app.directory.batch_upsert_teams(request).await.map_err(refused)?;
        let person = |(id, team): (String, &str)| v1::StaffMember {
            display_name: called(&id),
            staff_id: id,
            role: StaffRole::Teacher.into(),
            team_id: team.into(),
            ..Default::default()
        };
        let request = v1::BatchUpsertStaffMembersRequest {
            request_id: "demo-branch-staff".into(),
            staff_members: voters().into_iter().map(person).collect(),
            ..Default::default()
        };
        self.app.directory.batch_upsert_staff_members(request).await.map_err(refused)?;
        Ok(())
    }

    /// The competition with a title that has a result; one that an earlier telling left half-way is called off.
    async fn find(&mut self, title: &str) -> anyhow::Result<Option<String>> {
        let listed = self.admin.competitions.list_competitions(v1::ListCompetitionsRequest::default()).await;
        for one in listed.map_err(refused)?.into_inner().competitions.into_iter().filter(|one| one.title == title) {
            match one.state() {
                CompetitionState::Closed | CompetitionState::Final => return Ok(Some(one.competition_id)),
                CompetitionState::Submitting | CompetitionState::Voting => {
                    let request = v1::CancelCompetitionRequest {
                        request_id: uuid::Uuid::new_v4().to_string(),
                        competition_id: one.competition_id,
                        reason: "the story is told anew".into(),
                    };
                    self.admin.competitions.cancel_competition(request).await.map_err(refused)?;
                }
                CompetitionState::Unspecified | CompetitionState::Cancelled => {}
            }
        }
        Ok(None)
    }

    /// Announces a competition, takes every branch's entry and opens the vote.
    async fn opened(&mut self, title: &str, voting: i64, rules: CompetitionRules) -> anyhow::Result<String> {
        let now = Clock::system().now_micros();
        let announced = v1::Competition {
            title: title.into(),
            rules: Some(CompetitionRules {
                neutral_team_ids: NEUTRAL.iter().map(|(team, _)| (*team).to_owned()).collect(),
                prizes: vec!["团队旅行".into(), "图书卡".into(), "图书卡".into()],
                // The story cannot wait: the result stands at once, and the seed is published.
                dispute_window: Some(prost_types::Duration::default()),
                ..rules
            }),
            submission_deadline: Some(timestamp(now + HOUR)),
            voting_deadline: Some(timestamp(now + HOUR + voting)),
            ..Default::default()
        };
        let request_id = || uuid::Uuid::new_v4().to_string();
        let request = v1::CreateCompetitionRequest { request_id: request_id(), competition: Some(announced) };
        let created = self.admin.competitions.create_competition(request).await.map_err(refused)?.into_inner();
        let created = created.competition.context("no competition")?;
        let competition_id = created.competition_id.clone();
        for (team, name, plan) in BRANCHES {
            let entry = Entry {
                competition_id: competition_id.clone(),
                team_id: team.into(),
                title: plan.into(),
                what: format!("{name}：{plan}"),
                why: "学员在调查里提得最多".into(),
                ..Default::default()
            };
            let request = v1::SubmitEntryRequest { request_id: request_id(), entry: Some(entry) };
            self.member(team, 1, team)?.competitions.submit_entry(request).await.map_err(refused)?;
        }
        // Nor can it wait for the deadline that was announced: it is announced again, which every team is told.
        let request = v1::UpdateCompetitionRequest {
            request_id: request_id(),
            competition_id: competition_id.clone(),
            etag: created.etag.clone(),
            competition: Some(v1::Competition { submission_deadline: Some(timestamp(now)), ..created }),
        };
        self.admin.competitions.update_competition(request).await.map_err(refused)?;
        let request = v1::OpenVotingRequest {
            request_id: request_id(),
            competition_id: competition_id.clone(),
            ..Default::default()
        };
        let opened = self.admin.competitions.open_voting(request).await.map_err(refused)?.into_inner();
        anyhow::ensure!(opened.no_ballots.is_empty(), "somebody has no ballot");
        tell!("{title}: {} voters in {} judge teams.", opened.voters, opened.judge_teams)?;
        Ok(competition_id)
    }

    fn member(&self, team: &str, number: usize, of: &str) -> anyhow::Result<Client> {
        let token = self.authenticator.sign(Role::Staff, &format!("{team}.{number}"), &[of.to_owned()], TOKEN_LIFE)?;
        Client::lazy(&self.url, &token)
    }

    /// The month under dealt panels: who may judge what is drawn by lot, so that those who agreed to push each other mostly are
    /// not dealt what they agreed on, and count as one judge where they are.
    async fn panel_vote(&mut self, society: &Society) -> anyhow::Result<String> {
        let rules = CompetitionRules { panel_size: 7, ..Default::default() };
        let id = self.opened(PANEL, HOUR, rules).await?;
        tell!("北京 and 上海 agree to put each other first; everybody else votes as they think.")?;
        let (plan, mut cast, mut dealt) = (Plan::bloc(SWAP, Bury::Nobody), 0, 0);
        for (voter, (staff_id, team)) in voters().into_iter().enumerate().filter(|(voter, _)| society.votes(*voter)) {
            let token = self.authenticator.sign(Role::Staff, &staff_id, &[team.to_owned()], TOKEN_LIFE)?;
            let mut server = Client::lazy(&self.url, &token)?.competitions.clone();
            let request = v1::GetMyBallotRequest { competition_id: id.clone(), ..Default::default() };
            let panel = server.get_my_ballot(request).await.map_err(refused)?.into_inner().panel;
            let ids = panel.iter().map(|entry| Ok((branch(entry)?, entry.entry_id.clone())));
            let ids: HashMap<usize, String> = ids.collect::<anyhow::Result<_>>()?;
            let mut indices: Vec<usize> = ids.keys().copied().collect();
            indices.sort_unstable();
            let home = BRANCHES.iter().position(|(branch, ..)| *branch == team);
            dealt += usize::from(home.is_some_and(|home| home < SWAP && ids.contains_key(&(1 - home))));
            let ranking = society.ranking(voter, &indices, &plan);
            let request = v1::CastBallotRequest {
                request_id: uuid::Uuid::new_v4().to_string(),
                competition_id: id.clone(),
                entry_ids: ranking.iter().filter_map(|entry| ids.get(entry).cloned()).collect(),
                ..Default::default()
            };
            server.cast_ballot(request).await.map_err(refused)?;
            cast += 1;
        }
        tell!(
            "{cast} vote; {dealt} of the friends were dealt the other's plan. But a team is one voice of eleven, the extreme"
        )?;
        tell!("quarter on either side does not count, and a first place that nothing else explains counts little.")?;
        let asked = v1::GetLeaderboardRequest { competition_id: id.clone(), ..Default::default() };
        tell!("While it is open the organiser asks how it stands, and tries to change a prize:")?;
        self.refuses(self.admin.competitions.clone().get_leaderboard(asked).await)?;
        let competition = v1::GetCompetitionRequest { competition_id: id.clone() };
        let found = self.admin.competitions.get_competition(competition).await.map_err(refused)?.into_inner();
        let changed = found.competition.context("no competition")?;
        let request = v1::UpdateCompetitionRequest {
            request_id: uuid::Uuid::new_v4().to_string(),
            competition_id: id.clone(),
            etag: changed.etag.clone(),
            competition: Some(v1::Competition { title: "另一个竞赛".into(), ..changed }),
        };
        self.refuses(self.admin.competitions.clone().update_competition(request).await)?;
        self.close(&id).await?;
        Ok(id)
    }

    async fn close(&mut self, id: &str) -> anyhow::Result<()> {
        let request =
            v1::CloseVotingRequest { request_id: uuid::Uuid::new_v4().to_string(), competition_id: id.to_owned() };
        self.admin.competitions.close_voting(request).await.map_err(refused)?;
        Ok(())
    }

    fn refuses<T>(&self, answer: Result<T, Status>) -> anyhow::Result<()> {
        let status = answer.err().context("what must be refused was done")?;
        anyhow::ensure!(status.code() == Code::FailedPrecondition, "{status:?}");
        tell!("  the server: {}", status.message())?;
        Ok(())
    }

    async fn leaderboard(&mut self, id: &str) -> anyhow::Result<Vec<v1::Standing>> {
        let request = v1::GetLeaderboardRequest { competition_id: id.to_owned(), ..Default::default() };
        Ok(self.admin.competitions.get_leaderboard(request).await.map_err(refused)?.into_inner().standings)
    }

    /// What an auditor without a stake finds: everything computed again, offline.
    async fn verify(&mut self, id: &str) -> anyhow::Result<()> {
        let request =
            v1::ExportRecordRequest { competition_id: id.to_owned(), audience: v1::RecordAudience::Auditor.into() };
        let exported = self.xu_wei.competitions.export_record(request).await.map_err(refused)?.into_inner();
        let text = String::from_utf8(exported.record)?;
        let record = Record::read(&text).map_err(anyhow::Error::msg)?;
        let report = verify(&record, &BTreeMap::new());
        anyhow::ensure!(report.failures.is_empty(), "the record does not agree with itself: {:?}", report.failures);
        tell!("徐薇 checks the record, as `rapport verify` does (C2). It agrees in: {}.", report.checked.join(", "))?;
        Ok(())
    }

    /// The strict open choice: a voter who returns a vote is refused, and so learns that there was one.
    async fn open_vote(&mut self) -> anyhow::Result<()> {
        tell!(
            "\nThe same teams once more, each voter with one open choice, and mutual votes refused (voting.md's costs)."
        )?;
        if self.find(OPEN).await?.is_some() {
            tell!("Its votes were cast when this story was told first.")?;
            return Ok(());
        }
        let rules = CompetitionRules {
            form: BallotForm::OpenChoice.into(),
            swap_rule: SwapRule::RejectMutual.into(),
            ..Default::default()
        };
        let id = self.opened(OPEN, HOUR, rules).await?;
        let entries = v1::ListEntriesRequest { competition_id: id.clone(), ..Default::default() };
        let listed = self.admin.competitions.list_entries(entries).await.map_err(refused)?.into_inner().entries;
        let of = |team: &str| listed.iter().find(|one| one.team_id == team).map(|one| one.entry_id.clone());
        let (beijing, shanghai) = of("beijing").zip(of("shanghai")).context("an entry is missing")?;
        let vote = |entry: &str| v1::CastBallotRequest {
            request_id: uuid::Uuid::new_v4().to_string(),
            competition_id: id.clone(),
            entry_ids: vec![entry.to_owned()],
            ..Default::default()
        };
        let mut first = self.member("beijing", 1, "beijing")?.competitions.clone();
        first.cast_ballot(vote(&shanghai)).await.map_err(refused)?;
        tell!("A colleague of 北京 votes for 上海; one of 上海 wants to return it:")?;
        let mut second = self.member("shanghai", 1, "shanghai")?.competitions.clone();
        self.refuses(second.cast_ballot(vote(&beijing)).await)?;
        self.close(&id).await
    }
}

/// Which branch an entry is of.
fn branch(entry: &Entry) -> anyhow::Result<usize> {
    let found = BRANCHES.iter().position(|(team, ..)| *team == entry.team_id);
    found.with_context(|| format!("an entry of {:?}", entry.team_id))
}

/// Voters and what they think, by number.
fn society(text: &str, number: usize) -> Society {
    let seed = Seed::from_bytes(sha256(format!("{text} {number}").as_bytes()).to_vec());
    Society::draw(SIZE, &mut Chance::new(seed.stream(Purpose::Bootstrap)))
}

/// What the swap gains, in many such months dealt again: beside what it gains where everybody has one open vote.
async fn gains(redeals: usize) -> anyhow::Result<()> {
    let panel = Terms { form: Form::RankedPanel, panel_size: 7, one_way: OneWay::Never, earlier: Directions::new() };
    let open = Terms { form: Form::OpenChoice, ..panel.clone() };
    let dealt = Rules { terms: panel, method: Method::PairwiseConsensus, ranked: 7 };
    let plurality = Rules { terms: open, method: Method::Plurality, ranked: 1 };
    tell!(
        "What the swap wins, in {redeals} such months with other tastes and panels (share of months in the first three):"
    )?;
    for (name, rules) in [("dealt panels, pairwise consensus", dealt), ("one open vote, plurality", plurality)] {
        let (mean, half) = tokio::task::spawn_blocking(move || gain(&rules, redeals)).await??;
        tell!("  {name:<33} {:+.1} points ± {:.1}", 100.0 * mean, 100.0 * half)?;
    }
    Ok(())
}

/// The mean gain of one who swaps, and half the width of its interval of 95 %.
fn gain(rules: &Rules, redeals: usize) -> anyhow::Result<(f64, f64)> {
    let (mut sum, mut squares) = (0.0, 0.0);
    for number in 0..redeals {
        let society = society(TASTES, number);
        let seed = Seed::from_bytes(sha256(format!("redeal {number}").as_bytes()).to_vec());
        let top = |plan: &Plan| -> anyhow::Result<f64> {
            let places = society.vote(rules, plan, &seed).map_err(|why| anyhow::anyhow!("{why:?}"))?;
            Ok(places[..SWAP].iter().filter(|place| **place <= 3).count() as f64 / SWAP as f64)
        };
        let gain = top(&Plan::bloc(SWAP, Bury::Nobody))? - top(&Plan::default())?;
        sum += gain;
        squares += gain * gain;
    }
    let n = redeals.max(1) as f64;
    let mean = sum / n;
    Ok((mean, 1.96 * ((squares / n - mean * mean).max(0.0) / n).sqrt()))
}
