//! What is served, and by whom.

use super::program::Kind;
use crate::bench::http::load::{Exchange, SUM};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Service {
    /// `POST /uppercase`, with nothing around it.
    Strings,
    /// `POST /sum`, with what a service in earnest has around it.
    AddHttp,
    /// `pb.Add/Sum`, with the same.
    AddGrpc,
}

impl Service {
    pub const ALL: [Self; 3] = [Self::Strings, Self::AddHttp, Self::AddGrpc];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Strings => "stringsvc, JSON over HTTP",
            Self::AddHttp => "addsvc, JSON over HTTP",
            Self::AddGrpc => "addsvc, gRPC",
        }
    }

    /// towerkit's first.
    pub fn kinds(self) -> Vec<Kind> {
        match self {
            Self::Strings => vec![Kind::Towerkit, Kind::GoKit, Kind::Axum, Kind::Hyper],
            Self::AddHttp => vec![Kind::Towerkit, Kind::Addsvc, Kind::GoKit, Kind::Axum, Kind::AxumLimits],
            Self::AddGrpc => vec![Kind::Towerkit, Kind::Addsvc, Kind::GoKit, Kind::Tonic, Kind::TonicBare],
        }
    }

    /// None for gRPC.
    pub const fn exchange(self) -> Option<Exchange> {
        match self {
            Self::Strings => {
                Some(Exchange { path: "/uppercase", body: r#"{"s":"hello, world"}"#, reply: r#"{"v":"HELLO, WORLD"}"# })
            }
            Self::AddHttp => Some(SUM),
            Self::AddGrpc => None,
        }
    }
}
