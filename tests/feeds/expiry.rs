//! A stream ends with the token that opened it.

use crate::support::{
    client,
    inside::Running,
    messages::{Message, Messages},
    token::{SECRET, token, token_for},
};
use madang::config::Config;
use std::{fs, path::Path};

fn start(folder: &Path) -> Running {
    let file = folder.join("secret");
    fs::write(&file, SECRET).expect("written");
    Running::start(|config: &mut Config| {
        config.identity.secret_file = Some(file);
        config.identity.leeway_s = 0;
    })
}

async fn open(app: &Running, path: &str, token: &str) -> Messages {
    let request = client().get(format!("http://{}{path}", app.address)).bearer_auth(token);
    let request = request.header("accept", "text/event-stream");
    Messages::of(request.send().await.expect("it answers"))
}

/// The last message of a stream.
async fn last(mut stream: Messages) -> Message {
    let mut last = Message::default();
    while let Some(message) = stream.next().await {
        last = message;
    }
    last
}

#[tokio::test]
async fn feeds_and_live_queries_end_with_the_token_and_say_so() {
    let folder = tempfile::tempdir().expect("a folder");
    let app = start(folder.path());
    let roles = ["dispatcher".to_owned()];
    let mut stays = open(&app, "/events", &token("kim", &roles)).await;
    for path in ["/events", "/events?after=beginning", "/taxi/mypages"] {
        let short = token_for(2, "kim", &roles);
        let end = last(open(&app, path, &short).await).await;
        assert_eq!(end.kind, "end", "{path}");
        assert_eq!(end.data["reason"], "the token has expired; go on with a new one", "{path}");
        let refused = client().get(format!("http://{}{path}", app.address)).bearer_auth(&short);
        assert_eq!(refused.send().await.expect("it answers").status(), 401);
    }
    assert_eq!(stays.next().await.expect("it is open").kind, "", "another token is valid");
}
