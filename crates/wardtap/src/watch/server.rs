//! /metrics, /healthz and /readyz over HTTP/1.1, on one thread of its own.
//!
//! Whoever connects is hostile or slow: connections, requests and times are bounded, and nothing that is asked for reaches
//! the pipeline. Each connection serves one request. What is answered is made from what the pipeline said last.

use std::collections::HashMap;
use std::convert::Infallible;
use std::io;
use std::net::{IpAddr, SocketAddr, TcpListener};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use tokio::sync::Semaphore;
use tokio::time::{sleep, timeout};

use super::live_metrics::Process;
use super::pulse::Pulse;

/// Connections at once.
const CONNECTIONS_MAX: usize = 64;
/// Connections of one peer at once: nobody keeps all others out.
const PEER_CONNECTIONS_MAX: usize = 16;
/// Octets of a request's head, and of what is held of its body, which nobody reads.
const HEAD_BYTES_MAX: usize = 16 * 1024;
/// Headers of a request.
const HEADERS_MAX: usize = 64;
/// Seconds from a connection to its end, whatever the peer does.
const CONNECTION_SECONDS_MAX: u64 = 10;
/// After an error of accepting, for example since there are too many open files.
const PAUSE: Duration = Duration::from_millis(100);

/// A server that is bound to its address.
pub struct Server {
    listener: TcpListener,
    process: Arc<Process>,
}

/// What answers are made from.
#[derive(Clone)]
struct Sources {
    pulse: Arc<Pulse>,
    process: Arc<Process>,
}

impl Server {
    /// Takes the address.
    pub fn bind(address: SocketAddr) -> anyhow::Result<Self> {
        let refused = |error: io::Error| {
            let advice = match error.kind() {
                io::ErrorKind::AddrInUse => "another program serves there: give another --listen, or `off`",
                io::ErrorKind::AddrNotAvailable => "this machine has no such address: give one of its own",
                _ => "give another --listen, or `off`",
            };
            let sentence = format!("--listen {address}: cannot serve there: {error}: {advice}");
            anyhow::Error::new(error).context(sentence)
        };
        let listener = TcpListener::bind(address).map_err(refused)?;
        listener.set_nonblocking(true).map_err(refused)?;
        Ok(Self { listener, process: Arc::new(Process::new()) })
    }

    /// Where it is.
    pub fn address(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Serves until the process ends.
    pub fn serve(self, pulse: Arc<Pulse>) -> io::Result<()> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().enable_time().build()?;
        let router = Router::new()
            .route("/metrics", get(metrics))
            .route("/healthz", get(healthz))
            .route("/readyz", get(readyz))
            .with_state(Sources { pulse, process: Arc::clone(&self.process) });
        thread::Builder::new().name("server".to_owned()).spawn(move || {
            runtime.block_on(async move {
                match tokio::net::TcpListener::from_std(self.listener) {
                    Ok(listener) => accept(listener, router).await,
                    Err(error) => eprintln!("wardtap: metrics are not served: {error}"),
                }
            });
        })?;
        Ok(())
    }
}

/// Accepts connections for ever.
async fn accept(listener: tokio::net::TcpListener, router: Router) {
    let all = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let peers = Peers::default();
    loop {
        // Beyond the cap they wait in the kernel's queue, none longer than the connections before it may take.
        let Ok(permit) = Arc::clone(&all).acquire_owned().await else { return };
        let (stream, peer) = match listener.accept().await {
            Ok(accepted) => accepted,
            Err(_) => {
                sleep(PAUSE).await;
                continue;
            }
        };
        let Some(place) = peers.enter(peer.ip()) else { continue };
        let service = TowerToHyperService::new(router.clone());
        tokio::spawn(async move {
            let connection = http1::Builder::new()
                .keep_alive(false)
                .max_headers(HEADERS_MAX)
                .max_buf_size(HEAD_BYTES_MAX)
                .serve_connection(TokioIo::new(stream), service);
            // How it went is the peer's affair.
            drop(timeout(Duration::from_secs(CONNECTION_SECONDS_MAX), connection).await);
            drop((permit, place));
        });
    }
}

/// Connections by peer: at most as many entries as connections.
#[derive(Clone, Default)]
struct Peers(Arc<Mutex<HashMap<IpAddr, usize>>>);

/// A connection of a peer, counted until it is dropped.
struct Place(Peers, IpAddr);

impl Peers {
    fn enter(&self, peer: IpAddr) -> Option<Place> {
        let mut peers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = peers.entry(peer).or_default();
        if *count >= PEER_CONNECTIONS_MAX {
            return None;
        }
        *count += 1;
        Some(Place(self.clone(), peer))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut peers = self.0.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = peers.get_mut(&self.1) {
            *count -= 1;
            if *count == 0 {
                peers.remove(&self.1);
            }
        }
    }
}

async fn metrics(State(sources): State<Sources>) -> Result<Response, Infallible> {
    Ok(match sources.process.metrics(&sources.pulse) {
        Ok(text) => ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text).into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, format!("{error}\n")).into_response(),
    })
}

/// Does the process do its work?
async fn healthz(State(sources): State<Sources>) -> Response {
    answer(sources.pulse.ill().into_iter().collect())
}

/// Does it see, and can it tell?
async fn readyz(State(sources): State<Sources>) -> Response {
    answer(sources.pulse.troubles())
}

fn answer(troubles: Vec<String>) -> Response {
    if troubles.is_empty() {
        return "ok\n".into_response();
    }
    (StatusCode::SERVICE_UNAVAILABLE, troubles.join("\n") + "\n").into_response()
}
