//! The tables of assessments and of praise, as SeaORM sees them.
// The derive makes everything public, whatever the module is.
#![allow(unreachable_pub)]

pub(crate) mod assessment {
    use sea_orm::entity::prelude::*;

    use crate::{api::v1::Role, classification::Classified, store::Stored};

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Classified)]
    #[sea_orm(table_name = "assessment")]
    #[privacy(blanked(OF_INTERACTIONS, "id"))]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        #[privacy(Staff)]
        pub id: Uuid,
        #[privacy(Staff)]
        pub interaction_id: Uuid,
        #[privacy(Staff)]
        pub author: String,
        #[privacy(Staff)]
        pub author_role: Stored<Role>,
        #[privacy(Staff)]
        pub overall: i16,
        #[privacy(Staff)]
        pub criteria: String,
        #[privacy(Note("NULL"))]
        pub note: Option<String>,
        #[privacy(Staff)]
        pub assessed_at: i64,
        #[privacy(Staff)]
        pub superseded_at: Option<i64>,
    }
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

pub(crate) mod praise {
    use sea_orm::entity::prelude::*;

    use crate::classification::Classified;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Classified)]
    #[sea_orm(table_name = "praise")]
    #[privacy(blanked("rating_id IN {their_ratings}", "id"))]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        #[privacy(Staff)]
        pub id: Uuid,
        #[privacy(Fact)]
        pub rating_id: Uuid,
        #[privacy(Staff)]
        pub staff_id: String,
        #[privacy(Staff)]
        pub team_id: Option<String>,
        #[privacy(EMPTY)]
        pub text: String,
        #[privacy(Staff)]
        pub shared_by: String,
        #[privacy(Fact)]
        pub shared_at: i64,
    }
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}
