//! Reads the sources of an `api` crate: its types, and which of them its traits' methods take and return.

use std::collections::{BTreeMap, BTreeSet};

use syn::visit::{self, Visit};
use syn::{Attribute, Fields, FnArg, GenericArgument, Item, PathArguments, ReturnType, TraitItem, Type};

use crate::tidy::files::TextFile;

#[derive(Debug, Default)]
pub(super) struct Api {
    pub(super) types: BTreeMap<String, One>,
    /// Names of types in methods' arguments, except the context.
    pub(super) commands: BTreeSet<String>,
    /// Names of types that methods return.
    pub(super) answers: BTreeSet<String>,
}

#[derive(Debug)]
pub(super) struct One {
    /// The file that defines it.
    pub(super) place: String,
    /// It derives `Deserialize`.
    pub(super) is_read: bool,
    pub(super) denies: bool,
    /// It has named fields; only those can be unknown.
    pub(super) has_fields: bool,
    /// Names of types in its fields.
    pub(super) uses: BTreeSet<String>,
}

impl Api {
    pub(super) fn read(files: &[&TextFile]) -> Result<Api, String> {
        let mut api = Api::default();
        for file in files {
            let parsed = syn::parse_file(&file.text)
                .map_err(|error| format!("{}: cannot be read as Rust: {error}", file.path))?;
            parsed.items.iter().for_each(|item| api.item(&file.path, item));
        }
        Ok(api)
    }

    fn item(&mut self, place: &str, item: &Item) {
        match item {
            Item::Struct(one) => {
                let fields = [&one.fields];
                self.types.insert(one.ident.to_string(), type_of(place, &one.attrs, &fields));
            }
            Item::Enum(one) => {
                let fields: Vec<&Fields> = one.variants.iter().map(|variant| &variant.fields).collect();
                self.types.insert(one.ident.to_string(), type_of(place, &one.attrs, &fields));
            }
            Item::Trait(one) => one.items.iter().for_each(|item| self.method(item)),
            _ => {}
        }
    }

    fn method(&mut self, item: &TraitItem) {
        let TraitItem::Fn(method) = item else { return };
        let typed = method.sig.inputs.iter().filter_map(|input| match input {
            FnArg::Typed(typed) => Some(&*typed.ty),
            FnArg::Receiver(_) => None,
        });
        let (ctx, commands): (Vec<&Type>, Vec<&Type>) = typed.partition(|ty| names_in(ty).contains("Ctx"));
        if ctx.is_empty() {
            return;
        }
        self.commands.extend(commands.into_iter().flat_map(names_in));
        if let ReturnType::Type(_, ty) = &method.sig.output {
            self.answers.extend(names_in(answer(ty)));
        }
    }
}

fn type_of(place: &str, attributes: &[Attribute], fields: &[&Fields]) -> One {
    let named = fields.iter().filter(|fields| matches!(fields, Fields::Named(named) if !named.named.is_empty()));
    let uses = fields.iter().flat_map(|fields| fields.iter()).flat_map(|field| names_in(&field.ty)).collect();
    let said = |word| attributes.iter().any(|attribute| says(attribute, "serde", word));
    One {
        place: place.to_owned(),
        // A type with `try_from` is parsed from text, without fields.
        is_read: attributes.iter().any(|attribute| says(attribute, "derive", "Deserialize")) && !said("try_from"),
        denies: said("deny_unknown_fields"),
        has_fields: named.count() > 0,
        uses,
    }
}

/// Whether an attribute such as `#[serde(default, deny_unknown_fields)]` has this word.
fn says(attribute: &Attribute, name: &str, word: &str) -> bool {
    let mut found = false;
    if attribute.path().is_ident(name) {
        // Values are skipped; a word that cannot be parsed ends the list.
        let _ = attribute.parse_nested_meta(|meta| {
            found |= meta.path.segments.last().is_some_and(|last| last.ident == word);
            if meta.input.peek(syn::Token![=]) {
                meta.value()?.parse::<syn::Expr>()?;
            }
            Ok(())
        });
    }
    found
}

/// The success type of a `Result`.
fn answer(ty: &Type) -> &Type {
    let Type::Path(path) = ty else { return ty };
    let Some(last) = path.path.segments.last().filter(|last| last.ident == "Result") else { return ty };
    let PathArguments::AngleBracketed(arguments) = &last.arguments else { return ty };
    let first = arguments.args.iter().find_map(|argument| match argument {
        GenericArgument::Type(ty) => Some(ty),
        _ => None,
    });
    first.unwrap_or(ty)
}

fn names_in(ty: &Type) -> BTreeSet<String> {
    struct Names(BTreeSet<String>);
    impl Visit<'_> for Names {
        fn visit_path_segment(&mut self, segment: &syn::PathSegment) {
            self.0.insert(segment.ident.to_string());
            visit::visit_path_segment(self, segment);
        }
    }
    let mut names = Names(BTreeSet::new());
    names.visit_type(ty);
    names.0
}
