//! The part of the story in which colleagues give customers something at their own discretion (E2).

use std::collections::BTreeSet;

use tonic::Code;

use super::{Story, refused, tell};
use crate::{
    api::v1::{self, BudgetScope, Role},
    cli::client::Client,
};

const MONEY: &str = "CNY";
const BOX: &str = "榴莲一箱";
/// Teams with a budget: in fen a month, and of one grant without asking.
const BUDGETS: [(&str, i64, i64); 2] = [("beijing", 200_000, 5_000), ("nanjing", 150_000, 3_000)];
/// What was given, in turn; the last one is more than a colleague may without asking.
const GIFTS: [(&str, i64, &str); 5] = [
    (MONEY, 3_000, "等了四十分钟，请喝杯茶"),
    (BOX, 1, "两次改期，向家长赔礼"),
    (MONEY, 2_000, "证书寄错地址，补快递费"),
    (MONEY, 2_500, "直播卡顿，送一节答疑"),
    (MONEY, 12_000, "因我们排错课耽误了考试报名"),
];

impl Story {
    /// Two teams have budgets this month. What was given before, when the story was told already, stays.
    pub(super) async fn given(&mut self) -> anyhow::Result<()> {
        for (team_id, total, grant_limit) in BUDGETS {
            self.budget(BudgetScope::Team, team_id, (MONEY, total, grant_limit)).await?;
            self.budget(BudgetScope::Team, team_id, (BOX, 6, 1)).await?;
            self.budget(BudgetScope::Each, team_id, (MONEY, total / 4, grant_limit)).await?;
            self.gifts(team_id).await?;
        }
        tell!("\n北京 and 南京 have something to give: small sums at once, larger ones when 赵敏 approves them (E2).")?;
        Ok(())
    }

    async fn budget(
        &mut self,
        scope: BudgetScope,
        team_id: &str,
        (unit, total, grant_limit): (&str, i64, i64),
    ) -> anyhow::Result<()> {
        let budget = v1::Budget {
            scope: scope.into(),
            team_id: team_id.into(),
            unit: unit.into(),
            total,
            grant_limit,
            ..Default::default()
        };
        let request = v1::SetBudgetRequest {
            request_id: format!("demo-budget-{team_id}-{unit}-{}", i32::from(scope)),
            budget: Some(budget),
            reason: "本年度试行".into(),
        };
        self.admin.discretion.set_budget(request).await.map_err(refused)?;
        Ok(())
    }

    async fn gifts(&mut self, team_id: &str) -> anyhow::Result<()> {
        let before = v1::ListGrantsRequest { team_id: team_id.into(), page_size: 1, ..Default::default() };
        if !self.admin.discretion.list_grants(before).await.map_err(refused)?.into_inner().grants.is_empty() {
            return Ok(());
        }
        let request = v1::ListInteractionsRequest {
            filter: Some(v1::InteractionFilter { team_id: team_id.into(), ..Default::default() }),
            page_size: 100,
            ..Default::default()
        };
        let found = self.app.interactions.list_interactions(request).await.map_err(refused)?.into_inner().interactions;
        let mut seen = BTreeSet::new();
        let with_both = found.into_iter().filter_map(|one| {
            let staff_id = one.participants.first()?.staff_id.clone();
            let is_new = !one.customer_id.is_empty() && seen.insert(one.customer_id.clone());
            is_new.then_some((one.interaction_id, staff_id))
        });
        let chosen: Vec<_> = with_both.take(GIFTS.len()).collect();
        for ((interaction_id, staff_id), (unit, quantity, reason)) in chosen.into_iter().zip(GIFTS) {
            let mut giver = self.member_of(Role::Staff, &staff_id, &[])?;
            let request_id = format!("demo-grant-{interaction_id}");
            let grant = v1::DiscretionGrant {
                interaction_id,
                unit: unit.into(),
                quantity,
                reason: reason.into(),
                ..Default::default()
            };
            give(&mut giver, request_id, grant).await.map_err(refused)?;
        }
        Ok(())
    }
}

/// Gives it, or asks for it where it is too much to give without asking.
async fn give(giver: &mut Client, request_id: String, grant: v1::DiscretionGrant) -> Result<(), tonic::Status> {
    let grant = Some(grant);
    let make = v1::MakeGrantRequest { request_id: request_id.clone(), grant: grant.clone() };
    match giver.discretion.make_grant(make).await {
        Err(status) if status.code() == Code::FailedPrecondition => {
            let request_id = format!("{request_id}-asked");
            giver.discretion.request_grant(v1::RequestGrantRequest { request_id, grant }).await.map(drop)
        }
        made => made.map(drop),
    }
}
