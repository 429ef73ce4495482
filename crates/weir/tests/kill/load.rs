//! Operators that ask for changes until their server is gone, and remember
//! what they were told.

use std::sync::{Arc, Condvar, Mutex};
use std::thread::JoinHandle;

use serde_json::Value;

use super::server::Server;

/// One change that was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Asked {
    pub(crate) key: String,
    pub(crate) party: String,
}

/// A change that was acknowledged, and where it stands.
#[derive(Debug, Clone)]
pub(crate) struct Acknowledged {
    pub(crate) asked: Asked,
    pub(crate) act: u64,
    pub(crate) leaf: String,
}

impl Acknowledged {
    pub(crate) fn of(asked: Asked, answer: &Value) -> Acknowledged {
        let leaf = answer["leaf"].as_str().unwrap().to_owned();
        Acknowledged { asked, act: answer["act"].as_u64().unwrap(), leaf }
    }
}

type Heard = Arc<(Mutex<Vec<Acknowledged>>, Condvar)>;

pub(crate) struct Load {
    heard: Heard,
    workers: Vec<JoinHandle<Asked>>,
}

impl Load {
    pub(crate) fn start(server: &Server, round: u64, workers: usize) -> Load {
        let heard = Heard::default();
        let workers = (0..workers)
            .map(|worker| {
                let (heard, client) = (Arc::clone(&heard), server.client());
                std::thread::spawn(move || {
                    for number in 0.. {
                        let name = format!("party-{round}-{worker}-{number}");
                        let asked = Asked { key: format!("key-{name}"), party: name };
                        let Some(answer) = client.post(&asked) else { return asked };
                        heard.0.lock().unwrap().push(Acknowledged::of(asked, &answer));
                        heard.1.notify_all();
                    }
                    unreachable!("the server was never killed")
                })
            })
            .collect();
        Load { heard, workers }
    }

    /// Waits until so many changes were acknowledged.
    pub(crate) fn wait_for(&self, enough: usize) {
        let heard = self.heard.0.lock().unwrap();
        drop(self.heard.1.wait_while(heard, |heard| heard.len() < enough).unwrap());
    }

    /// What was acknowledged, and what got no answer.
    pub(crate) fn end(self) -> (Vec<Acknowledged>, Vec<Asked>) {
        let left = self.workers.into_iter().map(|worker| worker.join().unwrap()).collect();
        let heard = std::mem::take(&mut *self.heard.0.lock().unwrap());
        (heard, left)
    }
}
