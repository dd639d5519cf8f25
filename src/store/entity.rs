//! The tables of the store itself, as SeaORM sees them.
// The derive makes everything public, whatever the module is.
#![allow(unreachable_pub)]

pub(crate) mod request_memory {
    use sea_orm::entity::prelude::*;

    use crate::classification::Classified;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Classified)]
    #[sea_orm(table_name = "request_memory")]
    #[privacy(deleted("scope IN (SELECT 'customer ' || id FROM {their_ids} AS theirs)"))]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        #[privacy(GONE)]
        pub scope: String,
        #[sea_orm(primary_key, auto_increment = false)]
        #[privacy(Technical)]
        pub request_id: String,
        #[privacy(Technical)]
        pub method: String,
        #[privacy(Technical)]
        pub body_hash: Uuid,
        #[privacy(Technical)]
        pub answer: String,
        #[privacy(Technical)]
        pub created_at: i64,
        #[privacy(Technical)]
        pub tick: Option<i64>,
    }
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

/// One row for each stream with a cursor.
pub(crate) mod stream {
    use sea_orm::entity::prelude::*;

    use crate::classification::Classified;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Classified)]
    #[sea_orm(table_name = "stream")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        #[privacy(Technical)]
        pub name: String,
        #[privacy(Technical)]
        pub last_sequence: i64,
    }
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

/// One row.
pub(crate) mod housekeeping {
    use sea_orm::entity::prelude::*;

    use crate::classification::Classified;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Classified)]
    #[sea_orm(table_name = "housekeeping")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        #[privacy(Technical)]
        pub id: i32,
        #[privacy(Technical)]
        pub tick: i64,
        #[privacy(Technical)]
        pub last_time: Option<i64>,
        #[privacy(Technical)]
        pub timed_keys_from: i64,
    }
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

/// One row.
pub(crate) mod commit_mark {
    use sea_orm::entity::prelude::*;

    use crate::classification::Classified;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Classified)]
    #[sea_orm(table_name = "commit_mark")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        #[privacy(Technical)]
        pub id: i32,
        #[privacy(Technical)]
        pub committed: i64,
    }
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

/// When the database was restored from backups, a row each.
pub(crate) mod restoration {
    use sea_orm::entity::prelude::*;

    use crate::classification::Classified;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Classified)]
    #[sea_orm(table_name = "restoration")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        #[privacy(Technical)]
        pub restored_at: i64,
        /// Of the backup.
        #[privacy(Technical)]
        pub taken_at: i64,
    }
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}
