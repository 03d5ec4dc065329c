//! [`Call`] and [`Fields`]: what a request asks for, read from its address and its body.
//!
//! Takes JSON and form bodies as PHP would: a value that is no text becomes text, `null` and nested values count as
//! absent. Foreign input never panics here; what cannot be read is none. Decides nothing.

use super::fault::Scope;
use hyper::http::request::Parts;
use hyper::{HeaderMap, Method, header};
use serde_json::{Map, Value};
use std::borrow::Cow;
use std::str::FromStr;

/// Where the API lives, below the address of the server.
pub(crate) const PATH: &str = "/cc/modules/apiv2";

/// The kind of bodies that the server reads; the vendor's page does not say.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Accept {
    /// JSON and form.
    #[default]
    Both,
    /// JSON alone: a form is read as empty.
    Json,
    /// Form alone: JSON is read as empty.
    Form,
}

impl FromStr for Accept {
    type Err = UnknownWord;

    fn from_str(text: &str) -> Result<Accept, UnknownWord> {
        match text {
            "both" => Ok(Accept::Both),
            "json" => Ok(Accept::Json),
            "form" => Ok(Accept::Form),
            _ => Err(UnknownWord {
                known: "both, json, form",
            }),
        }
    }
}

/// A setting's word that the sandbox does not know.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown word; known are {known}")]
pub struct UnknownWord {
    pub(crate) known: &'static str,
}

/// What a request asks for.
pub(crate) struct Call {
    pub(crate) scope: Scope,
    pub(crate) token: String,
    pub(crate) ticket_id: String,
    /// The address as the client wrote it, for a redirect to itself.
    pub(crate) target: String,
}

impl Call {
    /// Reads the head of a request; none where the API has no such call.
    pub(crate) fn read(head: &Parts, submission: &str) -> Option<Call> {
        let path = head.uri.path().strip_prefix(PATH)?;
        if path != "/index.php" {
            return None;
        }
        let query = head.uri.query().unwrap_or_default();
        let mut resource = Cow::Borrowed("");
        let (mut token, mut ticket_id) = (String::new(), String::new());
        for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
            match &*name {
                "resource" => resource = value,
                "token" => token = value.into_owned(),
                "ticket_id" => ticket_id = value.into_owned(),
                _ => {}
            }
        }
        let scope = match (&head.method, &*resource) {
            (&Method::POST, "tokenCreate") => Scope::Token,
            (&Method::GET, "ticketStatus") => Scope::Status,
            (&Method::POST, resource) if resource == submission => Scope::Ticket,
            _ => return None,
        };
        Some(Call {
            scope,
            token,
            ticket_id,
            target: head.uri.to_string(),
        })
    }
}

/// The fields of a body.
#[derive(Default)]
pub(crate) struct Fields(Map<String, Value>);

impl Fields {
    /// Reads a body; empty where its type is not accepted or it is not what its type says.
    pub(crate) fn read(headers: &HeaderMap, body: &[u8], accept: Accept) -> Fields {
        let kind = headers
            .get(header::CONTENT_TYPE)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
            .to_ascii_lowercase();
        let fields = match accept {
            Accept::Both | Accept::Json if kind.starts_with("application/json") => {
                serde_json::from_slice(body).unwrap_or_default()
            }
            Accept::Both | Accept::Form
                if kind.starts_with("application/x-www-form-urlencoded") =>
            {
                url::form_urlencoded::parse(body)
                    .map(|(name, value)| (name.into_owned(), Value::String(value.into_owned())))
                    .collect()
            }
            Accept::Both | Accept::Json | Accept::Form => Map::new(),
        };
        Fields(fields)
    }

    /// A field as text; none where it is absent.
    pub(crate) fn text(&self, name: &str) -> Option<Cow<'_, str>> {
        match self.0.get(name)? {
            Value::String(text) => Some(Cow::Borrowed(text)),
            Value::Number(number) => Some(Cow::Owned(number.to_string())),
            Value::Bool(true) => Some(Cow::Borrowed("1")),
            Value::Bool(false) => Some(Cow::Borrowed("")),
            Value::Null | Value::Array(_) | Value::Object(_) => None,
        }
    }

    /// All fields as they were received.
    pub(crate) fn received(&self) -> &Map<String, Value> {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hyper::Request;

    fn call(method: &str, target: &str) -> Option<Call> {
        let request = Request::builder().method(method).uri(target).body(());
        Call::read(&request.unwrap().into_parts().0, "as")
    }

    fn fields(kind: &str, body: &str, accept: Accept) -> Fields {
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_TYPE, kind.parse().unwrap());
        Fields::read(&headers, body.as_bytes(), accept)
    }

    #[test]
    fn a_call_is_known_by_method_path_and_resource() {
        let index = "/cc/modules/apiv2/index.php?resource=";
        let known = call(
            "GET",
            &format!("{index}ticketStatus&token=a%2Bb&ticket_id=x+y"),
        )
        .unwrap();
        assert_eq!(known.scope, Scope::Status);
        assert_eq!((&*known.token, &*known.ticket_id), ("a+b", "x y"));
        assert_eq!(
            call("POST", &format!("{index}as")).unwrap().scope,
            Scope::Ticket
        );
        for (method, resource) in [
            ("GET", "as"),
            ("POST", "adi"),
            ("POST", "ticketStatus"),
            ("POST", ""),
        ] {
            assert!(call(method, &format!("{index}{resource}")).is_none());
        }
        assert!(call("POST", "/index.php?resource=as").is_none());
        assert!(call("POST", "/cc/modules/apiv2/?resource=as").is_none());
    }

    #[test]
    fn json_and_form_give_the_same_fields() {
        let json = fields(
            "application/json; charset=utf-8",
            r#"{"prac":1234,"complaint":"a&b=ü","sex":null,"txt":["x"]}"#,
            Accept::Both,
        );
        let form = fields(
            "application/x-www-form-urlencoded",
            "prac=1234&complaint=a%26b%3D%C3%BC",
            Accept::Both,
        );
        for fields in [json, form] {
            assert_eq!(fields.text("prac").as_deref(), Some("1234"));
            assert_eq!(fields.text("complaint").as_deref(), Some("a&b=ü"));
            assert_eq!(fields.text("sex"), None);
            assert_eq!(fields.text("txt"), None);
        }
    }

    #[test]
    fn what_is_not_accepted_or_not_readable_has_no_fields() {
        let empty = |kind, body, accept| fields(kind, body, accept).received().is_empty();
        assert!(empty("application/json", r#"{"a":"b"}"#, Accept::Form));
        assert!(empty(
            "application/x-www-form-urlencoded",
            "a=b",
            Accept::Json
        ));
        assert!(empty("text/plain", r#"{"a":"b"}"#, Accept::Both));
        for broken in ["", "{", "[]", "7", "{\"a\":\"b\"", "\u{feff}{}"] {
            assert!(empty("application/json", broken, Accept::Both), "{broken}");
        }
    }
}
