//! `#[derive(Classified)]` for the `Model` of an entity: collects what stands in `#[privacy(...)]` above the struct and above
//! each of its fields. It has no grammar of its own: in the brackets are expressions of the server's `classification`, which
//! the compiler checks where they stand. What it adds is that no field may be without.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Attribute, Data, DeriveInput, Error, Fields, spanned::Spanned as _};

/// Implements `crate::classification::Classified`.
#[proc_macro_derive(Classified, attributes(privacy))]
pub fn derive(input: proc_macro::TokenStream) -> proc_macro::TokenStream {
    let expanded = syn::parse(input).and_then(|input| classified(&input));
    expanded.unwrap_or_else(Error::into_compile_error).into()
}

fn classified(input: &DeriveInput) -> Result<TokenStream, Error> {
    let Data::Struct(data) = &input.data else { return Err(Error::new(input.span(), NO_MODEL)) };
    let Fields::Named(fields) = &data.fields else { return Err(Error::new(input.span(), NO_MODEL)) };
    let (mut classes, mut problems) = (Vec::new(), None);
    for field in &fields.named {
        let class = said(&field.attrs)
            .and_then(|class| class.ok_or_else(|| Error::new_spanned(&field.ident, unclassified(field))));
        match (class, &mut problems) {
            (Ok(class), _) => classes.push(class),
            (Err(one), None) => problems = Some(one),
            (Err(one), Some(all)) => all.combine(one),
        }
    }
    if let Some(problems) = problems {
        return Err(problems);
    }
    let rows = match said(&input.attrs)? {
        Some(rows) => quote!(Some(#rows)),
        None => quote!(None),
    };
    let model = &input.ident;
    Ok(quote! {
        const _: () = {
            use crate::classification::{Class::*, *};
            impl Classified for #model {
                const ROWS: Option<Rows> = #rows;
                const CLASSES: &'static [Class] = &[#(#classes),*];
            }
            check(<#model as Classified>::ROWS, <#model as Classified>::CLASSES);
        };
    })
}

const NO_MODEL: &str = "Classified is derived for the Model of an entity, a struct whose fields have names";

fn unclassified(field: &syn::Field) -> String {
    let name = field.ident.as_ref().map(ToString::to_string).unwrap_or_default();
    format!(
        "column `{name}` has no privacy class: write #[privacy(CLASS)] above it, such as #[privacy(Fact)] or \
         #[privacy(NULL)]. src/classification.rs explains the classes; export, erasure and repeated imports go by them"
    )
}

/// What stands in the one `#[privacy(...)]`.
fn said(attributes: &[Attribute]) -> Result<Option<TokenStream>, Error> {
    let mut all = attributes.iter().filter(|one| one.path().is_ident("privacy"));
    let Some(first) = all.next() else { return Ok(None) };
    match all.next() {
        Some(second) => Err(Error::new(second.span(), "there is a #[privacy(...)] already")),
        None => Ok(Some(first.meta.require_list()?.tokens.clone())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems(model: &str) -> Vec<String> {
        match classified(&syn::parse_str(model).expect("a struct")) {
            Ok(expanded) => panic!("{expanded}"),
            Err(error) => error.into_iter().map(|one| one.to_string()).collect(),
        }
    }

    #[test]
    fn every_column_without_a_class_is_named() {
        let found = problems("struct Model { a: i32, #[privacy(Fact)] b: i32, #[sea_orm(primary_key)] c: i32 }");
        assert_eq!(found.len(), 2);
        for (message, column) in found.iter().zip(["a", "c"]) {
            assert!(message.starts_with(&format!("column `{column}` has no privacy class: write #[privacy(CLASS)]")));
        }
    }

    #[test]
    fn a_class_is_said_once() {
        let found = problems("struct Model { #[privacy(Fact)] #[privacy(Staff)] a: i32 }");
        assert_eq!(found, ["there is a #[privacy(...)] already"]);
        assert_eq!(problems("struct Model { #[privacy] a: i32 }").len(), 1);
    }

    #[test]
    fn only_models_are_classified() {
        assert_eq!(problems("struct Model(i32);"), [NO_MODEL]);
        assert_eq!(problems("enum Model {}"), [NO_MODEL]);
    }

    #[test]
    fn what_is_said_is_passed_on() {
        let model =
            "#[privacy(few(\"a\"))] struct Model { #[privacy(Note(\"NULL\"))] a: i32, #[privacy(Fact)] b: i32 }";
        let expanded = classified(&syn::parse_str(model).expect("a struct")).expect("all said").to_string();
        assert!(expanded.contains("Some (few (\"a\"))"), "{expanded}");
        assert!(expanded.contains("& [Note (\"NULL\") , Fact]"), "{expanded}");
    }
}
