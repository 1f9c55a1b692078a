//! What a package says of itself: read from the Makefile that OpenWrt's SDK reads, so that it is said once.
//!
//! Understood is what such Makefiles consist of: `NAME:=value`, and `define …` to `endef`. References to variables that the Makefile
//! sets are filled in; `$$` is a dollar sign. Not its job: being make. What it does not understand is an error that names the line.

use std::collections::BTreeMap;

/// A Makefile's variables and blocks.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Recipe {
    variables: BTreeMap<String, String>,
    blocks: BTreeMap<String, Vec<String>>,
}

impl Recipe {
    /// Reads a Makefile.
    ///
    /// # Errors
    ///
    /// One sentence, with the line: a block that does not end.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut recipe = Recipe::default();
        let joined = text.replace("\\\n", " ");
        let mut lines = joined.lines().enumerate();
        while let Some((number, line)) = lines.next() {
            if let Some(name) = line.strip_prefix("define ") {
                let mut block = Vec::new();
                loop {
                    match lines.next() {
                        None => {
                            return Err(format!("line {}: define {name} has no endef", number + 1));
                        }
                        Some((_, "endef")) => break,
                        Some((_, line)) => block.push(line.to_owned()),
                    }
                }
                recipe.blocks.insert(name.trim().to_owned(), block);
            } else if let Some((name, value)) = assignment(line) {
                recipe.variables.insert(name, value);
            }
        }
        Ok(recipe)
    }

    /// Value of a variable, with the references in it filled in.
    ///
    /// # Errors
    ///
    /// When it is not set, or refers to what is not.
    pub fn variable(&self, name: &str) -> Result<String, String> {
        let value = self
            .variables
            .get(name)
            .ok_or_else(|| format!("{name} is not set"))?;
        self.filled(value)
    }

    /// Value of a variable that need not be set.
    ///
    /// # Errors
    ///
    /// When it refers to what is not set.
    pub fn optional(&self, name: &str) -> Result<Option<String>, String> {
        self.variables
            .get(name)
            .map(|value| self.filled(value))
            .transpose()
    }

    /// Value of `name` inside `define Package/package`.
    ///
    /// # Errors
    ///
    /// When it refers to what is not set.
    pub fn field(&self, package: &str, name: &str) -> Result<Option<String>, String> {
        let block = self.blocks.get(&format!("Package/{package}"));
        let found = block
            .into_iter()
            .flatten()
            .filter_map(|line| assignment(line.trim_start()))
            .rfind(|(found, _)| found == name);
        found.map(|(_, value)| self.filled(&value)).transpose()
    }

    /// Lines of `define Package/package/name`, as a shell or a person reads them; None when there is none.
    ///
    /// # Errors
    ///
    /// When it refers to what is not set.
    pub fn block(&self, package: &str, name: &str) -> Result<Option<String>, String> {
        let block = self.blocks.get(&format!("Package/{package}/{name}"));
        block
            .map(|lines| self.filled(&lines.join("\n")))
            .transpose()
    }

    /// `$(NAME)` and `${NAME}` of the Makefile's own variables, and `$$`.
    fn filled(&self, text: &str) -> Result<String, String> {
        let mut filled = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('$') {
            filled += before;
            if let Some(after) = after.strip_prefix('$') {
                filled.push('$');
                rest = after;
                continue;
            }
            let (name, after) = after
                .strip_prefix('(')
                .and_then(|after| after.split_once(')'))
                .ok_or_else(|| format!("${after} is not understood"))?;
            filled += &match name {
                // The binary is linked statically and is made for each of them.
                "RUST_ARCH_DEPENDS" => String::new(),
                _ => self.variable(name)?,
            };
            rest = after;
        }
        Ok(filled + rest)
    }
}

/// `NAME:=value`, `NAME=value`, `NAME?=value`.
fn assignment(line: &str) -> Option<(String, String)> {
    let (name, value) = line.split_once('=')?;
    let name = name.trim_end().trim_end_matches([':', '?']).trim_end();
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
    (!name.is_empty() && name.chars().all(plain))
        .then(|| (name.to_owned(), value.trim().to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAKEFILE: &str = "include $(TOPDIR)/rules.mk\n\n\
        PKG_NAME:=kickstand\nPKG_VERSION:=0.1.0\nPKG_RELEASE:=1\nURL?=https://$(PKG_NAME).example\n\n\
        define Package/kickstand\n  SECTION:=net\n  DEPENDS:=$(RUST_ARCH_DEPENDS) +uci \\\n\t+ubus\nendef\n\n\
        define Package/kickstand/postinst\n#!/bin/sh\n[ -n \"$${IPKG_INSTROOT}\" ] || echo $(PKG_NAME) $$1\nendef\n";

    #[test]
    fn variables_fields_and_scripts_are_read() {
        let recipe = Recipe::parse(MAKEFILE).expect("it is a Makefile");
        assert_eq!(recipe.variable("PKG_VERSION").as_deref(), Ok("0.1.0"));
        assert_eq!(
            recipe.variable("URL").as_deref(),
            Ok("https://kickstand.example")
        );
        assert_eq!(
            recipe.field("kickstand", "SECTION"),
            Ok(Some("net".to_owned()))
        );
        let depends = recipe
            .field("kickstand", "DEPENDS")
            .expect("it is plain")
            .expect("there");
        assert_eq!(
            depends.split_whitespace().collect::<Vec<_>>(),
            ["+uci", "+ubus"]
        );
        assert_eq!(recipe.field("kickstand", "URL"), Ok(None));
        assert_eq!(
            recipe.block("kickstand", "postinst"),
            Ok(Some(
                "#!/bin/sh\n[ -n \"${IPKG_INSTROOT}\" ] || echo kickstand $1".to_owned()
            ))
        );
        assert_eq!(recipe.block("kickstand", "prerm"), Ok(None));
    }

    #[test]
    fn what_is_not_understood_is_named() {
        let recipe = Recipe::parse("A:=$(B)\nC:=$x\n").expect("it is a Makefile");
        assert_eq!(recipe.variable("A"), Err("B is not set".to_owned()));
        assert_eq!(recipe.variable("C"), Err("$x is not understood".to_owned()));
        assert_eq!(recipe.variable("D"), Err("D is not set".to_owned()));
        let open = Recipe::parse("X:=1\ndefine Package/x\n");
        assert_eq!(
            open,
            Err("line 2: define Package/x has no endef".to_owned())
        );
    }
}
