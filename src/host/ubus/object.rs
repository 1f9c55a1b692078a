//! The object that is provided, as messages: what it offers, what it answers, what it announces.

use serde_json::{Value, json};
use ubus::envelope::{EnvBuilder, UbusAttr};
use ubus::wire::{
    Frame, MsgType, ObjId, PeerId, UBUS_STATUS_INVALID_ARGUMENT, UBUS_STATUS_METHOD_NOT_FOUND,
    UBUS_STATUS_OK,
};
use ubus::{BlobBuilder, BlobType, InboundMsg, OutboundMsg};

use super::encode;

/// A method that an object offers. Arguments are for people who read `ubus -v list`: nothing holds a caller to them, and
/// rpcd adds `ubus_rpc_session` to what LuCI sends.
#[derive(Debug, Clone, Copy)]
pub struct MethodSpec {
    /// What it is called by.
    pub name: &'static str,
    /// Names and kinds of its arguments.
    pub arguments: &'static [(&'static str, ArgumentKind)],
    /// Who may call it.
    pub right: Right,
}

/// Who may call a method. Nothing is checked here: ubusd lets only root call, and rpcd asks its access lists, which a test
/// compares with this.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Right {
    /// Whoever may read: the `read` list.
    Read,
    /// Whoever may change something: the `write` list only.
    Write,
    /// The router's own scripts: in neither list.
    Router,
}

/// Kind of an argument, as `ubus -v list` shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ArgumentKind {
    /// A string.
    Text,
    /// An integer.
    Integer,
    /// True or false.
    Flag,
    /// An array.
    List,
    /// An object.
    Table,
}

impl ArgumentKind {
    /// Its number in a signature.
    fn number(self) -> i32 {
        let kind = match self {
            ArgumentKind::Text => BlobType::String,
            ArgumentKind::Integer => BlobType::Int32,
            ArgumentKind::Flag => BlobType::Int8,
            ArgumentKind::List => BlobType::Array,
            ArgumentKind::Table => BlobType::Table,
        };
        kind as i32
    }
}

/// The message that registers an object.
pub(super) fn registration(name: &str, methods: &[MethodSpec], sequence: u16) -> Frame {
    let mut signature = BlobBuilder::new();
    for method in methods {
        signature.open_table(Some(method.name));
        for (argument, kind) in method.arguments {
            signature.put_i32(Some(argument), kind.number());
        }
        signature.close_table();
    }
    OutboundMsg::AddObject {
        path: name,
        signature: &signature.finish(),
    }
    .into_frame(sequence)
}

/// The message that tells subscribers of an event. Asks for no acknowledgement.
pub(super) fn notification(id: ObjId, event: &str, data: &Value) -> Result<Frame, String> {
    let data = encode::table(data)?;
    let mut envelope = EnvBuilder::new();
    envelope.push_u32(UbusAttr::ObjId, id.get());
    envelope.push_str(UbusAttr::Method, event);
    envelope.push_u8(UbusAttr::NoReply, 1);
    envelope.push_data(data.contents());
    // Nobody answers, so the number of the message does not matter.
    Ok(Frame::to_peer(
        MsgType::Notify,
        0,
        id.get(),
        envelope.finish(),
    ))
}

/// Answers a message of ubusd. All but calls are taken note of by not answering.
pub(super) fn answer(
    id: ObjId,
    methods: &[MethodSpec],
    frame: &Frame,
    handler: &mut impl FnMut(&str, Value) -> Value,
) -> Vec<Frame> {
    if frame.hdr.ty != MsgType::Invoke {
        return Vec::new();
    }
    let Some(peer) = PeerId::new(frame.hdr.peer) else {
        return Vec::new();
    };
    let sequence = frame.hdr.seq;
    let status = |status| {
        OutboundMsg::Status {
            peer,
            obj_id: Some(id),
            status,
        }
        .into_frame(sequence)
    };
    let (method, arguments) = match request(id, frame) {
        Ok(request) => request,
        Err(()) => return vec![status(UBUS_STATUS_INVALID_ARGUMENT)],
    };
    if !methods.iter().any(|known| known.name == method) {
        return vec![status(UBUS_STATUS_METHOD_NOT_FOUND)];
    }
    let data = OutboundMsg::DataReply {
        peer,
        obj_id: Some(id),
        data: &reply(method, handler(method, arguments)),
    };
    vec![data.into_frame(sequence), status(UBUS_STATUS_OK)]
}

/// Method and arguments of a call, if it makes sense.
fn request(id: ObjId, frame: &Frame) -> Result<(&str, Value), ()> {
    match InboundMsg::parse(frame) {
        Ok(InboundMsg::Invoke {
            obj_id,
            method,
            data,
            ..
        }) if obj_id == id => {
            let arguments = ubus::json::blobmsg_to_json(data.unwrap_or_default());
            Ok((method, arguments.map_err(|_| ())?))
        }
        _ => Err(()),
    }
}

/// A reply as a table. What cannot be sent becomes an answer that says so.
fn reply(method: &str, mut value: Value) -> ubus::BlobMsgTable {
    encode::replace_nul(&mut value);
    encode::table(&value).unwrap_or_else(|sentence| {
        log::error!("ubus: the answer to '{method}' cannot be sent: {sentence}");
        let error = format!("the answer cannot be sent through ubus: {sentence}");
        encode::table(&json!({"error": error, "code": "unsendable"}))
            .unwrap_or_else(|_| ubus::BlobMsgTable::empty())
    })
}
