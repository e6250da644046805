//! Listening and serving: connections come in, each within its limits, and are let out gently at the end.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::Request;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;
use tower::ServiceExt;

use super::caller::{self, Connection};
use super::fairness::Fairness;
use super::patient::Patient;
use super::schemas::JsonSchemas;
use super::tls::Tls;
use super::{Door, Fault, Limits, Settings, observe, routes};
use crate::gateway::Gateway;
use crate::identity::{KeySource, RENEWAL_PAUSE, Verifier};

/// Bytes that one connection reads ahead. Bodies come in pieces of this size, and no head may be larger.
const READ_BYTES_MAX: usize = 128 * 1024;

/// Window of one HTTP/2 request, and of all on a connection.
const STREAM_WINDOW_BYTES: u32 = 1 << 20;
const CONNECTION_WINDOW_BYTES: u32 = 4 << 20;

/// Pause after the kernel would not give us a connection, for instance because there are no file handles left.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Age at which keys that an issuer publishes are read again: one that it has withdrawn vouches for nobody any longer.
const PUBLISHED_KEYS_AGE_MAX: Duration = Duration::from_secs(600);

/// An open door.
pub struct Server {
    address: SocketAddr,
    state: Arc<State>,
    stop: watch::Sender<bool>,
    accepting: JoinHandle<()>,
    keeping: JoinSet<()>,
}

struct State {
    door: Arc<Door>,
    tls: Tls,
    router: Router,
    addresses: Mutex<HashMap<IpAddr, usize>>,
}

/// Opens the door: reads certificates and keys, listens, and serves in the background. `more` are further routes on
/// the same port, [`Router::new`] for none; they get the same correlation ids, log lines and limits.
pub async fn start(gateway: Arc<Gateway>, settings: Settings, more: Router) -> Result<Server, Fault> {
    observe::figures();
    let verifier = Verifier::start(settings.tokens.clone()).await?;
    if let Some(trouble) = verifier.trouble() {
        tracing::error!("failed to {trouble}. Tokens are answered with 503 until it answers; certificates are served");
    }
    let tls = Tls::new(&settings)?;
    let listen = |source| Fault::Listen { address: settings.listen, source };
    let listener = TcpListener::bind(settings.listen).await.map_err(listen)?;
    let address = listener.local_addr().map_err(listen)?;
    let fairness = Arc::new(Fairness::new(settings.limits.clone()));
    let (stop, stopping) = watch::channel(false);
    let door = Arc::new(Door {
        gateway,
        settings,
        verifier,
        fairness,
        json_schemas: JsonSchemas::default(),
        stopping: stopping.clone(),
    });
    let router = routes::routes(&door, more);
    let state = Arc::new(State { door, tls, router, addresses: Mutex::default() });
    let accepting = tokio::spawn(accept(listener, Arc::clone(&state), stopping));
    let mut keeping = JoinSet::new();
    keeping.spawn(observe::keep_up());
    keeping.spawn(watch_files(Arc::clone(&state)));
    tracing::info!(%address, "the door is open");
    Ok(Server { address, state, stop, accepting, keeping })
}

impl Server {
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Reads certificates and token keys again; on a fault what was there stays. Also done when a file changes, and
    /// on SIGHUP.
    pub async fn reload(&self) -> Result<(), Fault> {
        self.state.reload().await
    }

    /// Closes the door: no new connections, and [`Limits::drain`] for the requests that run. Whoever waits for post to come hears
    /// at once that there is none yet.
    pub async fn stop(mut self) {
        let _ = self.stop.send(true);
        let _ = (&mut self.accepting).await;
        self.keeping.shutdown().await;
        tracing::info!("the door is closed");
    }
}

impl State {
    async fn reload(&self) -> Result<(), Fault> {
        self.tls.reload()?;
        self.door.verifier.reload().await?;
        tracing::info!("certificates and token keys were read again");
        Ok(())
    }
}

async fn accept(listener: TcpListener, state: Arc<State>, mut stopping: watch::Receiver<bool>) {
    let limits = state.door.settings.limits.clone();
    let graceful = GracefulShutdown::new();
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            _ = stopping.changed() => break,
            Some(_) = connections.join_next() => {}
            accepted = listener.accept(), if connections.len() < limits.connections_max => match accepted {
                Ok((stream, address)) => {
                    connections.spawn(serve(Arc::clone(&state), stream, address, graceful.watcher()));
                }
                Err(error) => {
                    tracing::warn!(%error, "failed to accept a connection");
                    sleep(ACCEPT_PAUSE).await;
                }
            },
        }
        metrics::gauge!("gridpost_http_connections").set(connections.len() as f64);
    }
    drop(listener);
    let _ = timeout(limits.drain, graceful.shutdown()).await;
    connections.shutdown().await;
}

async fn serve(state: Arc<State>, stream: TcpStream, address: SocketAddr, watcher: Watcher) {
    let limits = &state.door.settings.limits;
    let Some(_place) = Place::take(&state, address.ip(), limits.connections_per_address_max) else {
        metrics::counter!("gridpost_http_connections_turned_away_total").increment(1);
        return;
    };
    let _ = stream.set_nodelay(true);
    let acceptor = TlsAcceptor::from(state.tls.current());
    let stream = Patient::new(stream, limits.write_silence);
    let peer = stream.peer();
    let stream = match timeout(limits.handshake, acceptor.accept(stream)).await {
        Ok(Ok(stream)) => stream,
        Ok(Err(error)) => return tracing::debug!(%address, %error, "the TLS handshake failed"),
        Err(_) => return tracing::debug!(%address, "the TLS handshake took too long"),
    };
    let tls = stream.get_ref().1;
    let chain = state.tls.peer(tls);
    let builder = builder(limits, tls.alpn_protocol() == Some(b"h2"));
    let service = hyper::service::service_fn(|mut request: hyper::Request<hyper::body::Incoming>| {
        let certificate = chain.as_ref().and_then(|chain| state.tls.presented(chain, caller::wall_clock()));
        request.extensions_mut().insert(Connection { address, certificate, peer: peer.clone() });
        state.router.clone().oneshot(request.map(axum::body::Body::new) as Request)
    });
    let serving = builder.serve_connection(TokioIo::new(stream), service);
    if let Err(error) = watcher.watch(serving).await {
        tracing::debug!(%address, %error, "a connection ended badly");
    }
}

fn builder(limits: &Limits, http2: bool) -> auto::Builder<TokioExecutor> {
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.head)
        .max_buf_size(READ_BYTES_MAX)
        .half_close(true);
    builder
        .http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(limits.head)
        .keep_alive_timeout(limits.handshake)
        .max_concurrent_streams(limits.streams_max)
        .max_header_list_size(READ_BYTES_MAX as u32)
        .initial_stream_window_size(STREAM_WINDOW_BYTES)
        .initial_connection_window_size(CONNECTION_WINDOW_BYTES);
    // The handshake has settled it, so nobody waits for a first byte to find out.
    if http2 { builder.http2_only() } else { builder.http1_only() }
}

/// Reads files again when they change, or when the operator says so.
async fn watch_files(state: Arc<State>) {
    let mut hangup = Hangup::new();
    let mut seen = state.tls.stamp();
    let mut read = Instant::now();
    loop {
        let reload = state.door.settings.limits.reload;
        let trouble = state.door.verifier.trouble().is_some();
        let asked = tokio::select! {
            () = hangup.wait() => true,
            () = sleep(if trouble { reload.min(RENEWAL_PAUSE) } else { reload }) => false,
        };
        let now = state.tls.stamp();
        let published = matches!(state.door.settings.tokens.keys, KeySource::Discovery(_));
        // An issuer that could not be reached is asked again soon.
        let again_in = if trouble { RENEWAL_PAUSE } else { PUBLISHED_KEYS_AGE_MAX };
        let aged = published && read.elapsed() >= again_in;
        if !asked && !aged && now == seen {
            continue;
        }
        read = Instant::now();
        match state.reload().await {
            Ok(()) => seen = now,
            Err(fault) => {
                tracing::error!(error = &fault as &dyn std::error::Error, "failed to read certificates again")
            }
        }
    }
}

/// SIGHUP, where there is one.
struct Hangup(#[cfg(unix)] Option<tokio::signal::unix::Signal>);

impl Hangup {
    #[cfg(unix)]
    fn new() -> Self {
        Self(tokio::signal::unix::signal(tokio::signal::unix::SignalKind::hangup()).ok())
    }

    #[cfg(unix)]
    async fn wait(&mut self) {
        match &mut self.0 {
            Some(signal) => {
                signal.recv().await;
            }
            None => std::future::pending().await,
        }
    }

    #[cfg(not(unix))]
    fn new() -> Self {
        Self()
    }

    #[cfg(not(unix))]
    async fn wait(&mut self) {
        std::future::pending().await
    }
}

/// One connection's place among those of its address.
struct Place {
    state: Arc<State>,
    address: IpAddr,
}

impl Place {
    fn take(state: &Arc<State>, address: IpAddr, max: usize) -> Option<Self> {
        let mut addresses = state.addresses.lock().unwrap_or_else(PoisonError::into_inner);
        let count = addresses.entry(address).or_default();
        if *count >= max {
            return None;
        }
        *count += 1;
        Some(Self { state: Arc::clone(state), address })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut addresses = self.state.addresses.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = addresses.get_mut(&self.address) {
            *count -= 1;
            if *count == 0 {
                addresses.remove(&self.address);
            }
        }
    }
}
