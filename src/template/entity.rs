//! The tables of templates, as SeaORM sees them.
// The derive makes everything public, whatever the module is.
#![allow(unreachable_pub)]

pub(crate) mod template {
    use sea_orm::entity::prelude::*;

    use crate::{
        api::v1::{IssueMode, ScaleDirection, TemplateState},
        classification::Classified,
        store::Stored,
    };

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Classified)]
    #[sea_orm(table_name = "survey_template")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        #[privacy(Organization)]
        pub template_id: String,
        #[sea_orm(primary_key, auto_increment = false)]
        #[privacy(Organization)]
        pub version: i32,
        #[privacy(Organization)]
        pub state: Stored<TemplateState>,
        #[privacy(Organization)]
        pub display_name: String,
        #[privacy(Organization)]
        pub direction: Stored<ScaleDirection>,
        #[privacy(Organization)]
        pub channels: i64,
        #[privacy(Organization)]
        pub questions: i64,
        #[privacy(Organization)]
        pub wordings: String,
        #[privacy(Organization)]
        pub answer_window: i64,
        #[privacy(Organization)]
        pub issue_mode: Stored<IssueMode>,
        #[privacy(Organization)]
        pub invite_interval: i64,
        #[privacy(Organization)]
        pub follow_up_level: i16,
        #[privacy(Organization)]
        pub follow_up_within: i64,
        #[privacy(Organization)]
        pub label_until: Option<i64>,
        #[privacy(Organization)]
        pub published_at: Option<i64>,
        #[privacy(Organization)]
        pub retired_at: Option<i64>,
        #[privacy(Organization)]
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
        classification::Classified,
        store::Stored,
    };

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Classified)]
    #[sea_orm(table_name = "survey_direction")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        #[privacy(Organization)]
        pub channel: Stored<Channel>,
        #[privacy(Organization)]
        pub direction: Stored<ScaleDirection>,
        #[privacy(Organization)]
        pub turned_at: Option<i64>,
    }
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}
