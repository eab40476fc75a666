#![expect(clippy::unwrap_used, reason = "a test may panic")]

use super::*;
use crate::tls::LocalCa;
use actix_web::{App, HttpRequest, HttpResponse, web};
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::{CertificateDer, ServerName, pem::PemObject};
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    net::TcpStream,
};
use tokio_rustls::TlsConnector;

const DEADLINE: Duration = Duration::from_secs(10);

fn serve() -> (Server, String) {
    let ca = LocalCa::create().unwrap();
    let trusted = ca.certificate_pem().to_owned();
    let certificates = Arc::new(Certificates::local(ca, "comms.example").unwrap());
    let server = start("127.0.0.1:0".parse().unwrap(), 1, certificates, || {
        App::new().default_service(web::to(|request: HttpRequest| async move {
            let connection = *request.conn_data::<Connection>().unwrap();
            assert!(connection.peer.is_some());
            HttpResponse::Ok().body(if connection.secure { "over TLS" } else { "in the clear" })
        }))
    });
    (server.unwrap(), trusted)
}

fn connector(trusted: &str, alpn: &[u8]) -> TlsConnector {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(trusted.as_bytes()).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![alpn.to_vec()];
    TlsConnector::from(Arc::new(config))
}

async fn ask(mut io: impl AsyncRead + AsyncWrite + Unpin) -> String {
    io.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").await.unwrap();
    let mut answer = Vec::new();
    tokio::time::timeout(DEADLINE, io.read_to_end(&mut answer)).await.unwrap().unwrap();
    String::from_utf8(answer).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_port_answers_plain_http_and_tls_and_tells_handlers_which() {
    let (server, trusted) = serve();
    let plain = ask(TcpStream::connect(server.address()).await.unwrap()).await;
    assert!(plain.starts_with("HTTP/1.1 200") && plain.ends_with("in the clear"), "{plain}");
    for name in ["localhost", "127.0.0.1", "acme.comms.example"] {
        let io = TcpStream::connect(server.address()).await.unwrap();
        let io = connector(&trusted, b"http/1.1").connect(ServerName::try_from(name).unwrap(), io).await;
        let secure = ask(io.unwrap()).await;
        assert!(secure.ends_with("over TLS"), "{name}: {secure}");
    }
    server.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn http_2_is_chosen_by_alpn() {
    let (server, trusted) = serve();
    let io = TcpStream::connect(server.address()).await.unwrap();
    let mut io =
        connector(&trusted, b"h2").connect(ServerName::try_from("localhost").unwrap(), io).await.unwrap();
    assert_eq!(io.get_ref().1.alpn_protocol(), Some(b"h2".as_slice()));
    io.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00").await.unwrap();
    let mut frame = [0; 9];
    tokio::time::timeout(DEADLINE, io.read_exact(&mut frame)).await.unwrap().unwrap();
    assert_eq!(frame[3], 0x04, "the server's first frame is SETTINGS (RFC 9113 §3.4)");
    drop(io);
    server.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bytes_that_are_neither_tls_nor_http_end_their_own_connection_alone() {
    let (server, _) = serve();
    for junk in [b"\x16junk that is no handshake at all\r\n\r\n".as_slice(), b"\x00\x01\x02\r\n\r\n"] {
        let mut io = TcpStream::connect(server.address()).await.unwrap();
        io.write_all(junk).await.unwrap();
        let mut answer = Vec::new();
        let _ended = tokio::time::timeout(DEADLINE, io.read_to_end(&mut answer)).await.unwrap();
        assert!(!answer.starts_with(b"HTTP/1.1 200"));
    }
    assert!(ask(TcpStream::connect(server.address()).await.unwrap()).await.contains("in the clear"));
    server.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_a_stop_the_port_is_free_though_an_idle_client_stays_connected() {
    let (server, _) = serve();
    let address = server.address();
    let mut idle = TcpStream::connect(address).await.unwrap();
    idle.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
    idle.read_exact(&mut [0; 12]).await.unwrap();
    tokio::time::timeout(DEADLINE, server.stop()).await.unwrap().unwrap();
    assert!(TcpStream::connect(address).await.is_err());
    assert!(bind(address).is_ok());
}
