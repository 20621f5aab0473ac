//! A call to S3 as an SDK would make it that is led to the proxy: there is none
//! here but what signs, since building AWS's takes minutes.
use hmac::{Hmac, KeyInit, Mac};
use lambda_runtime::Error;
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::{env, fs, time::SystemTime};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// Asks for a key of the bucket, and returns what comes of it. `trace` is the
/// invocation's, for the call to carry.
pub async fn call(key: &str, trace: Option<&str>) -> Result<String, Error> {
    let token = fs::read_to_string(env::var("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE")?)?;
    let uri = env::var("AWS_CONTAINER_CREDENTIALS_FULL_URI")?;
    let (host, path) = split(&uri);
    let keys: Value = serde_json::from_str(&get(host, path, &format!("Authorization: {token}\r\n")).await?.1)?;
    let (id, secret, session) = (text(&keys, "AccessKeyId"), text(&keys, "SecretAccessKey"), text(&keys, "Token"));

    let (proxy, region) = (env::var("HTTPS_PROXY")?, env::var("AWS_REGION")?);
    let (host, path) = (split(&proxy).0, format!("/media-eu/{key}"));
    let now = timestamp(SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?.as_secs());
    let (day, empty) = (&now[..8], hex(&Sha256::digest(b"")));
    let signed = "host;x-amz-content-sha256;x-amz-date;x-amz-security-token";
    let canonical = format!(
        "GET\n{path}\n\nhost:{host}\nx-amz-content-sha256:{empty}\nx-amz-date:{now}\nx-amz-security-token:{session}\n\n{signed}\n{empty}"
    );
    let scope = format!("{day}/{region}/s3/aws4_request");
    let to_sign = format!("AWS4-HMAC-SHA256\n{now}\n{scope}\n{}", hex(&Sha256::digest(&canonical)));
    let mut signature = format!("AWS4{secret}").into_bytes();
    for part in [day, &region, "s3", "aws4_request", &to_sign] {
        signature = Hmac::<Sha256>::new_from_slice(&signature)?.chain_update(part).finalize().into_bytes().to_vec();
    }
    let mut headers = format!(
        "X-Amz-Content-Sha256: {empty}\r\nX-Amz-Date: {now}\r\nX-Amz-Security-Token: {session}\r\nAuthorization: AWS4-HMAC-SHA256 Credential={id}/{scope}, SignedHeaders={signed}, Signature={}\r\n",
        hex(&signature)
    );
    if let Some(trace) = trace {
        headers += &format!("X-Amzn-Trace-Id: {trace}\r\n");
    }
    let (status, body) = get(host, &path, &headers).await?;
    if status == "200" {
        return Ok("granted".into());
    }
    let code = body.split("<Code>").nth(1).and_then(|rest| rest.split('<').next());
    Ok(code.unwrap_or(&body).into())
}

async fn get(host: &str, path: &str, headers: &str) -> Result<(String, String), Error> {
    let mut conn = TcpStream::connect(host).await?;
    conn.write_all(format!("GET {path} HTTP/1.0\r\nHost: {host}\r\n{headers}\r\n").as_bytes()).await?;
    let mut answer = String::new();
    conn.read_to_string(&mut answer).await?;
    let (head, body) = answer.split_once("\r\n\r\n").ok_or("the answer has no end of its head")?;
    Ok((head.split(' ').nth(1).unwrap_or_default().into(), body.into()))
}

/// Returns the host and the path of a URI.
fn split(uri: &str) -> (&str, &str) {
    let rest = uri.strip_prefix("http://").unwrap_or(uri);
    rest.split_at(rest.find('/').unwrap_or(rest.len()))
}

fn text<'a>(object: &'a Value, member: &str) -> &'a str {
    object[member].as_str().unwrap_or_default()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

/// Writes a time of the Unix clock as AWS does. The days are counted from a March,
/// so that a leap day is its year's last.
fn timestamp(seconds: u64) -> String {
    let (days, second) = (seconds / 86400 + 719_468, seconds % 86400);
    let (era, day) = (days / 146_097, days % 146_097);
    let year = (day - day / 1460 + day / 36524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let (month, year) = if month < 10 { (month + 3, year) } else { (month - 9, year + 1) };
    format!(
        "{:04}{month:02}{day:02}T{:02}{:02}{:02}Z",
        year + era * 400,
        second / 3600,
        second / 60 % 60,
        second % 60
    )
}
