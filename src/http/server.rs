//! Listening and serving: connections come in, each within its limits, and are let out gently at the end.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;
use tower::ServiceExt;

use super::caller::{self, Connection};
use super::fairness::Fairness;
use super::idle::Requests;
use super::patient::Patient;
use super::schemas::JsonSchemas;
use super::tls::Tls;
use super::{Door, Fault, Limits, Settings, observe, reload, routes};
use crate::gateway::Gateway;
use crate::identity::Verifier;

/// Bytes that one connection reads ahead. Bodies come in pieces of this size, and no head may be larger.
const READ_BYTES_MAX: usize = 128 * 1024;

/// Window of one HTTP/2 request, and of all on a connection.
const STREAM_WINDOW_BYTES: u32 = 1 << 20;
const CONNECTION_WINDOW_BYTES: u32 = 4 << 20;

/// Pause after the kernel would not give us a connection, for instance because there are no file handles left.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

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
    if let Some(until) = tls.ends().filter(|until| *until < caller::wall_clock()) {
        tracing::error!(%until, "the server's certificate has expired: few clients will connect");
    }
    let listen = |source| Fault::Listen { address: settings.listen, source };
    let listener = TcpListener::bind(settings.listen).await.map_err(listen)?;
    let address = listener.local_addr().map_err(listen)?;
    let fairness = Arc::new(Fairness::new(settings.limits.clone()));
    let (stop, stopping) = watch::channel(false);
    let door = Arc::new(Door {
        gateway,
        settings,
        verifier,
        tls,
        unread: reload::Unread::default(),
        fairness,
        json_schemas: JsonSchemas::default(),
        stopping: stopping.clone(),
    });
    let router = routes::routes(&door, more);
    let state = Arc::new(State { door, router, addresses: Mutex::default() });
    let accepting = tokio::spawn(accept(listener, Arc::clone(&state), stopping));
    let mut keeping = JoinSet::new();
    keeping.spawn(observe::keep_up());
    keeping.spawn(reload::keep_reading(Arc::clone(&state.door)));
    tracing::info!(%address, "the door is open");
    Ok(Server { address, state, stop, accepting, keeping })
}

impl Server {
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Reads certificates and token keys again, each by itself; on a fault, of which the first is told, what was there stays.
    /// Also done when a file changes, and on SIGHUP.
    pub async fn reload(&self) -> Result<(), Fault> {
        match reload::read(&self.state.door, true).await.into_iter().next() {
            None => Ok(()),
            Some(fault) => Err(fault),
        }
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

async fn accept(listener: TcpListener, state: Arc<State>, mut stopping: watch::Receiver<bool>) {
    let limits = state.door.settings.limits.clone();
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            _ = stopping.changed() => break,
            Some(_) = connections.join_next() => {}
            accepted = listener.accept(), if connections.len() < limits.connections_max => match accepted {
                Ok((stream, address)) => {
                    connections.spawn(serve(Arc::clone(&state), stream, address, stopping.clone()));
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
    let _ = timeout(limits.drain, async { while connections.join_next().await.is_some() {} }).await;
    connections.shutdown().await;
}

async fn serve(state: Arc<State>, stream: TcpStream, address: SocketAddr, mut stopping: watch::Receiver<bool>) {
    let limits = &state.door.settings.limits;
    let Some(_place) = Place::take(&state, address.ip(), limits.connections_per_address_max) else {
        metrics::counter!("gridpost_http_connections_turned_away_total").increment(1);
        return;
    };
    let _ = stream.set_nodelay(true);
    let acceptor = TlsAcceptor::from(state.door.tls.current());
    let stream = Patient::new(stream, limits.write_silence);
    let peer = stream.peer();
    let accepted = tokio::select! {
        _ = stopping.changed() => return,
        accepted = timeout(limits.handshake, acceptor.accept(stream)) => accepted,
    };
    let stream = match accepted {
        Ok(Ok(stream)) => stream,
        Ok(Err(error)) => return tracing::debug!(%address, %error, "the TLS handshake failed"),
        Err(_) => return tracing::debug!(%address, "the TLS handshake took too long"),
    };
    let tls = stream.get_ref().1;
    let chain = state.door.tls.peer(tls);
    let http2 = tls.alpn_protocol() == Some(b"h2");
    let (builder, requests) = (builder(limits, http2), Requests::none());
    let service = hyper::service::service_fn(|mut request: hyper::Request<hyper::body::Incoming>| {
        let certificate = chain.as_ref().and_then(|chain| state.door.tls.presented(chain, caller::wall_clock()));
        request.extensions_mut().insert(Connection { address, certificate, peer: peer.clone() });
        // Nobody asks for it on HTTP/1.1.
        let under_way = http2.then(|| requests.begin());
        let answer = state.router.clone().oneshot(request.map(axum::body::Body::new) as Request);
        async {
            let answer = answer.await;
            match under_way {
                Some(under_way) => answer.map(|answer| under_way.until_sent(answer)),
                None => answer,
            }
        }
    });
    let mut serving = pin!(builder.serve_connection(TokioIo::new(stream), service));
    // Whoever waits for the next head on HTTP/1.1 has a time for it anyway.
    let silence = async {
        match http2 {
            true => requests.silence(limits.head).await,
            false => std::future::pending().await,
        }
    };
    let ended = tokio::select! {
        ended = serving.as_mut() => Some(ended),
        _ = stopping.changed() => None,
        () = silence => None,
    };
    let ended = match ended {
        Some(ended) => ended,
        None => {
            serving.as_mut().graceful_shutdown();
            // Who has not said anything yet, or says nothing to the goodbye, is not waited for.
            tokio::select! {
                ended = serving => ended,
                () = requests.silence(limits.head), if http2 => Ok(()),
            }
        }
    };
    if let Err(error) = ended {
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
