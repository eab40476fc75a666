//! Certificates of the generator's ends over TLS: of an authority made for the run.

use crate::{link::Keys, peers::TRUNK};
use rustls::{
    ClientConfig, DigitallySignedStruct, Error, ServerConfig, SignatureScheme,
    client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    crypto::CryptoProvider,
    pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime, pem::PemObject as _},
};
use std::{path::Path, process::Command, sync::Arc};

/// Takes every certificate: load is measured here, not trust, which `tests/calls` sees to.
#[derive(Debug)]
struct Anybody(Arc<CryptoProvider>);

impl ServerCertVerifier for Anybody {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        rustls::crypto::verify_tls12_signature(
            message,
            certificate,
            signed,
            &self.0.signature_verification_algorithms,
        )
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        rustls::crypto::verify_tls13_signature(
            message,
            certificate,
            signed,
            &self.0.signature_verification_algorithms,
        )
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

/// One certificate with the trunk's and the carrier's names, for both ends and for Kamailio, and its authority.
pub(crate) fn make() -> Keys {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let directory = std::env::temp_dir().join(format!("dialtone-load-keys-{}", std::process::id()));
    std::fs::create_dir_all(&directory).expect("a directory can be made");
    let file = |name: &str| directory.join(name);
    let (roots_file, roots_key) = (file("roots.pem"), file("roots.key"));
    let (certificate_file, key_file) = (file("load.pem"), file("load.key"));
    openssl("/CN=load", &roots_file, &roots_key, &[]);
    let names = format!("subjectAltName=DNS:{TRUNK},IP:{}", crate::peers::CARRIER);
    let (root, root_key) = (roots_file.display().to_string(), roots_key.display().to_string());
    let leaf = [
        "-CA",
        &root,
        "-CAkey",
        &root_key,
        "-addext",
        &names,
        "-addext",
        "basicConstraints=critical,CA:FALSE",
    ];
    openssl(&format!("/CN={TRUNK}"), &certificate_file, &key_file, &leaf);
    let certificate = CertificateDer::from_pem_file(&certificate_file).expect("a certificate was made");
    let key = PrivateKeyDer::from_pem_file(&key_file).expect("a key was made");
    let client = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .expect("the provider knows them")
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Anybody(Arc::clone(&provider))))
        .with_client_auth_cert(vec![certificate.clone()], key.clone_key())
        .expect("the key is the certificate's");
    let server = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("the provider knows them")
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .expect("the key is the certificate's");
    Keys {
        client: Arc::new(client),
        server: Arc::new(server),
        server_name: crate::peers::EDGE.to_string(),
        roots_file,
        certificate_file,
        key_file,
    }
}

fn openssl(subject: &str, certificate: &Path, key: &Path, more: &[&str]) {
    let mut openssl = Command::new("openssl");
    openssl.args([
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
        "-nodes",
        "-days",
        "2",
    ]);
    openssl.args(["-subj", subject]).args(more).arg("-keyout").arg(key).arg("-out").arg(certificate);
    let made = openssl.output().expect("openssl is there");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
}
