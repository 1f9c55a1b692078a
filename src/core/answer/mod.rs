//! Answer files and boot arguments: templates of Jinja's language, rendered for one host at this moment.
//!
//! An undefined or unset value is an error that names it: an installer that starts with a hole in its answers stops after
//! ten minutes. Values are quoted for the place they go to ([`quote`]).
//!
//! Not its job: reading templates from files (a function is an argument), who may have an answer file.

mod builtin;
mod context;
mod quote;

use std::sync::{Mutex, OnceLock};

use minijinja::syntax::SyntaxConfig;
use minijinja::value::Value;
use minijinja::{AutoEscape, Environment, Error, ErrorKind, Template, UndefinedBehavior};

use super::settings::AnswerKind;

use builtin::BUILTIN;
pub use builtin::builtin;
pub use context::{Context, Router};

/// Longest answer file, in bytes. Anaconda's own files are below 100 KB; a loop in a template must not fill the router.
const ANSWER_LENGTH: usize = 512 * 1024;

/// Options whose reading is kept: those of a dozen profiles.
const MOST_OPTIONS: usize = 96;

/// Where a rendered text goes: it decides what a value may hold and how it is quoted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// An answer file of that kind.
    Answer(AnswerKind),
    /// A line of an iPXE script: a URL or kernel arguments.
    Ipxe,
}

/// Why a text could not be rendered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RenderError {
    /// One sentence that names template, line and value.
    pub text: String,
    /// The template that is to blame, and its line from 1, where one is.
    pub place: Option<(String, usize)>,
}

impl From<String> for RenderError {
    fn from(text: String) -> Self {
        RenderError { text, place: None }
    }
}

impl std::fmt::Display for RenderError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.text)
    }
}

/// Finds the source of a template by its name.
pub trait Templates: Fn(&str) -> Result<Option<String>, String> + Send + Sync + 'static {}
impl<F: Fn(&str) -> Result<Option<String>, String> + Send + Sync + 'static> Templates for F {}

/// Renders the answer file `name`. The user's own template wins over a built-in of the same name.
pub fn render_answer(
    kind: AnswerKind,
    name: &str,
    context: &Context,
    templates: impl Templates,
) -> Result<String, RenderError> {
    let mut environment = prepared(Place::Answer(kind)).clone();
    for (name, _) in BUILTIN {
        // The user's own takes its place; one that cannot be read is told when it is used.
        if !matches!(templates(name), Ok(None)) {
            environment.remove_template(name);
        }
    }
    let source = match templates(name) {
        Ok(Some(source)) => source,
        Ok(None) if builtin(name).is_some() => builtin(name).unwrap_or_default().to_owned(),
        Ok(None) => {
            let text = format!(
                "there is no template '{name}' in <www>/answers, and no built-in of that name"
            );
            return Err(text.into());
        }
        Err(error) => return Err(RenderError::from(error)),
    };
    environment.set_loader(move |name| {
        templates(name).map_err(|error| Error::new(ErrorKind::BadInclude, error))
    });
    let template = environment.get_template(name);
    let text = render(template, name, &source, context)?;
    if text.len() > ANSWER_LENGTH {
        let length = text.len();
        return Err(format!("{name} gives {length} bytes; {ANSWER_LENGTH} are allowed").into());
    }
    Ok(text)
}

/// Renders one option of a profile, such as its kernel's URL or an argument.
pub fn render_option(option: &str, source: &str, context: &Context) -> Result<String, RenderError> {
    if let Some(text) = render_known(source, context) {
        return Ok(text);
    }
    // An option is no template file that somebody could open at a line.
    let template = prepared(Place::Ipxe).template_from_named_str(option, source);
    render(template, option, source, context).map_err(|error| RenderError {
        place: None,
        ..error
    })
}

/// An option's text by what was read of it before; none when something is wrong with it, which is then found anew with its name.
fn render_known(source: &str, context: &Context) -> Option<String> {
    static KNOWN: Mutex<Option<(Environment<'static>, usize)>> = Mutex::new(None);
    let mut known = KNOWN.lock().ok()?;
    let (environment, count) = known.get_or_insert_with(|| (environment(Place::Ipxe), 0));
    if environment.get_template(source).is_err() {
        if *count == MOST_OPTIONS {
            environment.clear_templates();
            *count = 0;
        }
        environment
            .add_template_owned(source.to_owned(), source.to_owned())
            .ok()?;
        *count += 1;
    }
    let template = environment.get_template(source).ok()?;
    template.render(context.value()).ok()
}

/// The environment of a place, made once: to read the built-in templates takes longer than to render them.
fn prepared(place: Place) -> &'static Environment<'static> {
    static OF: [OnceLock<Environment<'static>>; 5] = [const { OnceLock::new() }; 5];
    let [kickstart, preseed, autoinstall, script, ipxe] = &OF;
    let made = match place {
        Place::Answer(AnswerKind::Kickstart) => kickstart,
        Place::Answer(AnswerKind::Preseed) => preseed,
        Place::Answer(AnswerKind::Autoinstall) => autoinstall,
        Place::Answer(AnswerKind::Script) => script,
        Place::Ipxe => ipxe,
    };
    made.get_or_init(|| environment(place))
}

fn environment(place: Place) -> Environment<'static> {
    let mut environment = Environment::new();
    // Lines that hold nothing but a block leave no empty line behind; the last line keeps its end.
    let syntax = SyntaxConfig::builder()
        .trim_blocks(true)
        .lstrip_blocks(true)
        .keep_trailing_newline(true)
        .build();
    if let Ok(syntax) = syntax {
        environment.set_syntax(syntax);
    }
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_auto_escape_callback(|_| AutoEscape::None);
    environment.set_formatter(move |output, _state, value| {
        if value.is_undefined() || value.is_none() {
            return Err(Error::from(ErrorKind::UndefinedError));
        }
        let text = value.to_string();
        if !value.is_safe() {
            quote::plain(place, &text)
                .map_err(|reason| Error::new(ErrorKind::InvalidOperation, reason))?;
        }
        output
            .write_str(&text)
            .map_err(|_| Error::from(ErrorKind::WriteFailure))
    });
    add_filters(&mut environment, place);
    if place != Place::Ipxe {
        for (name, source) in BUILTIN {
            // Ours: a test renders each.
            let _ = environment.add_template(name, source);
        }
    }
    environment
}

/// What templates need of Jinja's filters. minijinja's own set costs 88 KB, compressed, on mipsel.
fn add_filters(environment: &mut Environment<'_>, place: Place) {
    type Filtered = Result<Value, Error>;
    environment.add_filter("quote", move |value: &Value| -> Filtered {
        quoted(value, |text| quote::quote(place, text))
    });
    environment.add_filter("shell", |value: &Value| -> Filtered {
        quoted(value, |text| Ok(quote::shell(text)))
    });
    environment.add_filter("yaml", |value: &Value| -> Filtered {
        quoted(value, |text| Ok(quote::json(text)))
    });
    environment.add_filter("raw", |value: &Value| -> Filtered {
        quoted(value, |text| Ok(text.to_owned()))
    });
    environment.add_filter("default", |value: &Value, other: Value| {
        if value.is_undefined() || value.is_none() {
            other
        } else {
            value.clone()
        }
    });
    environment.add_filter(
        "join",
        |values: &Value, separator: Option<String>| -> Result<String, Error> {
            let words: Vec<String> = values.try_iter()?.map(|value| value.to_string()).collect();
            Ok(words.join(&separator.unwrap_or_default()))
        },
    );
    environment.add_filter("replace", |text: String, from: String, to: String| {
        text.replace(&from, &to)
    });
    environment.add_filter("lower", |text: String| text.to_lowercase());
    environment.add_filter("upper", |text: String| text.to_uppercase());
    environment.add_filter("length", |value: &Value| value.len());
    environment.add_function("fail", |reason: String| -> Filtered {
        Err(Error::new(ErrorKind::InvalidOperation, reason))
    });
    environment.add_test("defined", |value: &Value| {
        !value.is_undefined() && !value.is_none()
    });
    environment.add_test("undefined", |value: &Value| {
        value.is_undefined() || value.is_none()
    });
}

fn quoted(
    value: &Value,
    quote: impl Fn(&str) -> Result<String, &'static str>,
) -> Result<Value, Error> {
    if value.is_undefined() || value.is_none() {
        return Err(Error::from(ErrorKind::UndefinedError));
    }
    let text = quote(&value.to_string())
        .map_err(|reason| Error::new(ErrorKind::InvalidOperation, reason))?;
    Ok(Value::from_safe_string(text))
}

fn render(
    template: Result<Template<'_, '_>, Error>,
    name: &str,
    source: &str,
    context: &Context,
) -> Result<String, RenderError> {
    let rendered = template.and_then(|template| template.render(context.value()));
    rendered.map_err(|error| {
        let error = innermost(&error);
        let place = error.name().zip(error.line());
        RenderError {
            text: explain(error, name, source, context),
            place: place.map(|(template, line)| (template.to_owned(), line)),
        }
    })
}

/// The error in the template that is to blame: one in an included template stands behind the include's.
fn innermost(error: &Error) -> &Error {
    let mut innermost = error;
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        if let Some(cause) = cause.downcast_ref::<Error>() {
            innermost = cause;
        }
        source = cause.source();
    }
    innermost
}

fn explain(error: &Error, name: &str, source: &str, context: &Context) -> String {
    let template = error.name().unwrap_or(name);
    let line = error.line().unwrap_or(1);
    let place = if source.contains('\n') || template != name {
        format!("{template}, line {line}")
    } else {
        template.to_owned()
    };
    // The source of an included template is not at hand here; its built-in may be.
    let source = if template == name {
        Some(source)
    } else {
        builtin(template)
    };
    let text = source
        .and_then(|source| source.lines().nth(line.saturating_sub(1)))
        .unwrap_or_default()
        .trim();
    if error.kind() == ErrorKind::UndefinedError {
        let missing = context::missing(text, context);
        return match missing.is_empty() {
            true => format!("{place}: a value in `{text}` is not set"),
            false => format!(
                "{place}: {} is not set{}",
                missing.join(", "),
                advice(&missing)
            ),
        };
    }
    let detail = error
        .detail()
        .map_or_else(|| error.kind().to_string(), str::to_owned);
    if text.is_empty() {
        format!("{place}: {detail}")
    } else {
        format!("{place}: {detail}, in `{text}`")
    }
}

/// What to type for a missing value.
fn advice(missing: &[String]) -> String {
    let first = missing.first().map(String::as_str).unwrap_or_default();
    if let Some(variable) = first.strip_prefix("var.") {
        return format!(": add `list var '{variable}=…'` to the host or its profile");
    }
    if let Some(option) = first.strip_prefix("host.") {
        return format!(": set option {option} of the host");
    }
    if first == "mirror" {
        return ": set option mirror of the profile".to_owned();
    }
    String::new()
}

#[cfg(test)]
mod tests;
