//! A server under test.

use std::{net::SocketAddr, num::NonZeroU32, path::Path, time::Duration};

use anyhow::{Context as _, Result};
use rapport::{
    api::v1::{self, Role},
    clock::Clock,
    config::{Config, Secret, ServeArgs},
    metrics::Metrics,
    server::{self, Running},
};
use tonic::transport::{Channel, Endpoint};

use super::{
    Backend, Caller,
    client::{Bearer, request_id},
    database::Database,
    sample::{customer, staff, team},
};

/// Longer than any test.
const TOKEN_LIFE: Duration = Duration::from_secs(3_000);

pub(crate) struct Server {
    backend: Backend,
    database: Database,
    clock: Clock,
    channel: Channel,
    // Last, so that it outlives the connections to it.
    running: Running,
}

impl Server {
    /// As an operator would get it by default, with the machine's clock; but a person may call as often as they like.
    pub(crate) async fn start(backend: Backend) -> Result<Self> {
        Self::start_with(backend, Clock::system(), |_| {}).await
    }

    /// With another clock or configuration. On PostgreSQL a fixed clock holds only for what the server itself decides:
    /// what is written bears the database's time.
    pub(crate) async fn start_with(backend: Backend, clock: Clock, change: impl FnOnce(&mut Config)) -> Result<Self> {
        Self::before(backend, Database::create(backend).await?, clock, change).await
    }

    /// Several servers started at once before one new database.
    pub(crate) async fn together(backend: Backend, count: usize) -> Vec<Self> {
        let database = Database::create(backend).await.unwrap();
        let start = || Self::before(backend, database.clone(), Clock::system(), |_| {});
        futures::future::try_join_all((0..count).map(|_| start())).await.unwrap()
    }

    /// Stops it and starts it again by another clock.
    pub(crate) async fn restart_at(self, clock: Clock) -> Self {
        let Self { backend, database, running, .. } = self;
        running.stop().await.unwrap();
        Self::before(backend, database, clock, |_| {}).await.unwrap()
    }

    /// Stops it, and starts it again after a while.
    pub(crate) async fn restart_after(self, pause: impl Future<Output = ()>) -> Self {
        let Self { backend, database, clock, running, .. } = self;
        running.stop().await.unwrap();
        pause.await;
        Self::before(backend, database, clock, |_| {}).await.unwrap()
    }

    /// Stops it and starts it again with another configuration.
    pub(crate) async fn restart_with(self, change: impl FnOnce(&mut Config)) -> Self {
        let Self { backend, database, clock, running, .. } = self;
        running.stop().await.unwrap();
        Self::before(backend, database, clock, change).await.unwrap()
    }

    /// Stops it, and starts as many as asked for, each before a copy of its database.
    pub(crate) async fn copies<const N: usize>(self) -> [Self; N] {
        let Self { backend, database, clock, running, .. } = self;
        running.stop().await.unwrap();
        let start = |_| Self::before(backend, database.copy().unwrap(), clock.clone(), |_| {});
        let started = futures::future::try_join_all((0..N).map(start)).await.unwrap();
        started.try_into().ok().unwrap()
    }

    /// A second server with the same database and keys.
    pub(crate) async fn sibling(&self) -> Self {
        self.sibling_with(|_| {}).await
    }

    /// With another configuration.
    pub(crate) async fn sibling_with(&self, change: impl FnOnce(&mut Config)) -> Self {
        assert_eq!(self.backend, Backend::Postgres, "only PostgreSQL serves several servers: register `on_postgres`");
        Self::before(self.backend, self.database.clone(), self.clock.clone(), change).await.unwrap()
    }

    async fn before(
        backend: Backend,
        database: Database,
        clock: Clock,
        change: impl FnOnce(&mut Config),
    ) -> Result<Self> {
        // Neither environment nor file: a test must not depend on who runs it.
        let mut config = Config::resolve(&ServeArgs::default(), |_| None)?;
        config.listen = ([127, 0, 0, 1], 0).into();
        config.data_dir = database.directory().to_owned();
        config.database_url = database.url()?.map(Secret::new);
        config.database_connections = 4;
        // How often a test calls depends on the machine that it runs on.
        config.limits.person_calls_per_second = NonZeroU32::MAX;
        change(&mut config);
        let running = server::start(config, clock.clone()).await.context("the server did not start")?;
        let channel = Endpoint::try_from(format!("http://{}", running.address()))?.connect_lazy();
        Ok(Self { backend, database, clock, channel, running })
    }

    /// With callers who call another server that has the same keys.
    pub(crate) fn calling(mut self, address: &str) -> Self {
        self.channel = Endpoint::try_from(format!("http://{address}")).unwrap().connect_lazy();
        self
    }

    pub(super) fn database(&self) -> Database {
        self.database.clone()
    }

    pub(crate) fn backend(&self) -> Backend {
        self.backend
    }

    /// Where its keys are.
    pub(crate) fn data_dir(&self) -> &Path {
        self.database.directory()
    }

    /// Behind the server's back.
    pub(crate) async fn execute(&self, sql: &str) {
        self.database.execute(sql).await.unwrap();
    }

    /// The one number that a query gives, asked behind the server's back.
    pub(crate) async fn number(&self, sql: &str) -> i64 {
        self.database.number(sql).await.unwrap()
    }

    /// The texts that a query gives, one a row, asked behind the server's back.
    pub(crate) async fn texts(&self, sql: &str) -> Vec<String> {
        self.database.texts(sql).await.unwrap()
    }

    /// Keeps everybody from recording until what it returns is dropped.
    pub(crate) async fn block_writes(&self) -> sea_orm::DatabaseConnection {
        self.database.block_writes().await.unwrap()
    }

    /// Keeps everybody from reading interactions until what it returns is dropped.
    pub(crate) async fn block_interactions(&self) -> sea_orm::DatabaseConnection {
        assert_eq!(self.backend, Backend::Postgres, "nothing keeps SQLite from reading: register `on_postgres`");
        self.database.block("BEGIN; LOCK TABLE interaction").await.unwrap()
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.running.address()
    }

    /// Where metrics are, if they were configured.
    pub(crate) fn operations_address(&self) -> SocketAddr {
        self.running.operations_address().unwrap()
    }

    /// For clients outside this process.
    pub(crate) fn endpoint(&self) -> String {
        format!("http://{}", self.running.address())
    }

    /// What it counts.
    pub(crate) fn metrics(&self) -> &Metrics {
        self.running.metrics()
    }

    /// None: the embedded one.
    pub(crate) fn database_url(&self) -> Option<String> {
        self.database.url().unwrap()
    }

    /// Stops as it would on a signal.
    pub(crate) async fn stop(self) {
        self.running.stop().await.unwrap();
    }

    /// Takes its database away.
    pub(crate) async fn lose_database(&self) {
        assert_eq!(self.backend, Backend::Postgres, "an open file cannot be taken away: register `on_postgres`");
        self.database.remove().await.unwrap();
    }

    /// A connection without a token.
    pub(crate) fn channel(&self) -> Channel {
        self.channel.clone()
    }

    /// Signs what a test wants signed.
    pub(crate) fn authenticator(&self) -> &rapport::auth::Authenticator {
        self.running.authenticator()
    }

    pub(crate) fn token(&self, role: Role, subject: &str, teams: &[&str]) -> String {
        let teams: Vec<_> = teams.iter().map(|&team| team.to_owned()).collect();
        self.running.authenticator().sign(role, subject, &teams, TOKEN_LIFE).unwrap()
    }

    pub(crate) fn caller(&self, role: Role, subject: &str, teams: &[&str]) -> Caller {
        Caller::new(self.channel(), Bearer::of(&self.token(role, subject, teams)))
    }

    /// A caller whose token is good for so long.
    pub(crate) fn caller_for(&self, life: Duration, role: Role, subject: &str) -> Caller {
        let token = self.running.authenticator().sign(role, subject, &[], life).unwrap();
        Caller::new(self.channel(), Bearer::of(&token))
    }

    pub(crate) fn app(&self) -> Caller {
        self.caller(Role::App, "crm", &[])
    }

    pub(crate) fn admin(&self) -> Caller {
        self.caller(Role::Admin, "ada", &[])
    }

    /// A colleague of the team that the directory gives them.
    pub(crate) fn staff(&self, staff_id: &str) -> Caller {
        self.caller(Role::Staff, staff_id, &[])
    }

    pub(crate) fn supervisor(&self, staff_id: &str, teams: &[&str]) -> Caller {
        self.caller(Role::Supervisor, staff_id, teams)
    }

    pub(crate) fn customer(&self, customer_id: &str) -> Caller {
        self.caller(Role::Customer, customer_id, &[])
    }

    /// Replaces participants as an administrator; where that takes a second person, another one approves.
    pub(crate) async fn reattribute(&self, request: v1::ReattributeInteractionRequest) -> v1::Interaction {
        let answer = self.admin().interactions().reattribute_interaction(request).await.unwrap().into_inner();
        let Some(asked) = answer.reattribution else { return answer.interaction.unwrap() };
        let approval =
            v1::ApproveReattributionRequest { request_id: request_id(), reattribution_id: asked.reattribution_id };
        let second = self.caller(Role::Admin, "ben", &[]);
        let approved = second.interactions().approve_reattribution(approval).await.unwrap().into_inner();
        approved.interaction.unwrap()
    }

    /// A small organisation: teams north (led by petra; nora, nils) and south (sam), customers carla, dora and dmitri.
    pub(crate) async fn with_organization(self) -> Self {
        let app = self.app();
        for id in ["north", "south"] {
            app.upsert_team(team(id)).await.unwrap();
        }
        for (id, team) in [("petra", "north"), ("nora", "north"), ("nils", "north"), ("sam", "south")] {
            app.upsert_staff(staff(id, team)).await.unwrap();
        }
        for id in ["carla", "dora", "dmitri"] {
            app.upsert_customer(customer(id)).await.unwrap();
        }
        self
    }
}
