//! Answers that are given again until what they were computed from has changed.
//!
//! A transaction that changes the rows takes a number of one of their streams. So how far the streams have come, read
//! before the work, belongs to the question: an answer is found again only while nobody has changed anything since, on any
//! server. What is computed from newer rows than its question names is newer than asked for, never older.

use std::sync::Arc;

use quick_cache::{Weighter, sync::Cache};
use sea_orm::{ColumnTrait as _, DbErr, EntityTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _};

use super::{
    Store,
    entity::stream::{Column, Entity},
};
use crate::error::Result;

/// Bytes that the answers of one memo may take.
const CAPACITY: u64 = 8 << 20;
/// How many answers it is made for.
const ANSWERS: usize = 256;

/// All that an answer depends on besides the rows, and how far their streams had come.
type Question = (String, Vec<i64>);

/// Answers of one kind. Cheap to clone.
pub(crate) struct Memo<V> {
    streams: &'static [&'static str],
    kept: Arc<Cache<Question, V, Weigh<V>>>,
}

impl<V> Clone for Memo<V> {
    fn clone(&self) -> Self {
        Self { streams: self.streams, kept: self.kept.clone() }
    }
}

/// The bytes of an answer, roughly.
struct Weigh<V>(fn(&V) -> usize);

impl<V> Clone for Weigh<V> {
    fn clone(&self) -> Self {
        Self(self.0)
    }
}

impl<V> Weighter<Question, V> for Weigh<V> {
    fn weight(&self, (question, _): &Question, answer: &V) -> u64 {
        let bytes = size_of::<V>() + question.len() + (self.0)(answer);
        u64::try_from(bytes).unwrap_or(u64::MAX)
    }
}

impl<V: Clone> Memo<V> {
    /// `streams`: those that number the changes; `bytes`: how much an answer takes.
    pub(crate) fn new(streams: &'static [&'static str], bytes: fn(&V) -> usize) -> Self {
        Self { streams, kept: Arc::new(Cache::with_weighter(ANSWERS, CAPACITY, Weigh(bytes))) }
    }

    /// The answer to a question, which is computed once for all who ask at the same time. `question` names everything that it
    /// depends on besides the rows: what is asked for and, where answers differ by that, who asks.
    ///
    /// # Errors
    /// Those of `work`, which are not kept.
    pub(crate) async fn answer(
        &self,
        store: &Store,
        question: String,
        work: impl Future<Output = Result<V>>,
    ) -> Result<V> {
        let question = (question, heads(store, self.streams).await?);
        self.kept.get_or_insert_async(&question, work).await
    }
}

/// How far some streams have come, in order of name.
async fn heads(store: &Store, streams: &[&str]) -> Result<Vec<i64>, DbErr> {
    let query = Entity::find().select_only().column(Column::LastSequence).filter(Column::Name.is_in(streams.to_vec()));
    query.order_by_asc(Column::Name).into_tuple().all(store.reader()).await
}
