//! Pages that people signed in to: started by a one-time link, renewed while they are open, ended by hand or by time.
//!
//! Rows are in `store`, RPCs in `service`; what a token is good for is `auth`'s to say. Holds no secret: an id of a session or a
//! link opens nothing without the server's signature around it.

pub(crate) mod entity;
pub mod service;
pub(crate) mod store;

use std::time::Duration;

/// How long a page's token for its calls is good. A session that is ended is refused at once all the same.
const TOKEN_LIFE: Duration = Duration::from_secs(300);
