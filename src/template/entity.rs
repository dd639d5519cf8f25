//! The tables of templates, as SeaORM sees them.
// The derive makes everything public, whatever the module is.
#![allow(unreachable_pub)]

pub(crate) mod template {
    use sea_orm::entity::prelude::*;

    use crate::{
        api::v1::{IssueMode, ScaleDirection, TemplateState},
        store::Stored,
    };

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "survey_template")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub template_id: String,
        #[sea_orm(primary_key, auto_increment = false)]
        pub version: i32,
        pub state: Stored<TemplateState>,
        pub display_name: String,
        pub direction: Stored<ScaleDirection>,
        pub channels: i64,
        pub questions: i64,
        pub wordings: String,
        pub answer_window: i64,
        pub issue_mode: Stored<IssueMode>,
        pub invite_interval: i64,
        pub follow_up_level: i16,
        pub follow_up_within: i64,
        pub label_until: Option<i64>,
        pub published_at: Option<i64>,
        pub retired_at: Option<i64>,
        pub revision: i64,
    }
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

pub(crate) mod direction {
    use sea_orm::entity::prelude::*;

    use crate::{
        api::v1::{Channel, ScaleDirection},
        store::Stored,
    };

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "survey_direction")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub channel: Stored<Channel>,
        pub direction: Stored<ScaleDirection>,
        pub turned_at: Option<i64>,
    }
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}
