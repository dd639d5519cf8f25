//! What `console/build` made of the sources in `console/`; it writes this list too.

use super::Asset;

pub(super) const ASSETS: &[Asset] = &[
    Asset {
        path: "/assets/ballots-4LXCQUNT.js",
        kind: "text/javascript; charset=utf-8",
        plain: include_bytes!("../../console/dist/ballots-4LXCQUNT.js"),
        brotli: include_bytes!("../../console/dist/ballots-4LXCQUNT.js.br"),
    },
    Asset {
        path: "/assets/callbacks-W4KSG7DG.js",
        kind: "text/javascript; charset=utf-8",
        plain: include_bytes!("../../console/dist/callbacks-W4KSG7DG.js"),
        brotli: include_bytes!("../../console/dist/callbacks-W4KSG7DG.js.br"),
    },
    Asset {
        path: "/assets/chunk-3GIH3YN7.js",
        kind: "text/javascript; charset=utf-8",
        plain: include_bytes!("../../console/dist/chunk-3GIH3YN7.js"),
        brotli: include_bytes!("../../console/dist/chunk-3GIH3YN7.js.br"),
    },
    Asset {
        path: "/assets/chunk-576OGBRV.js",
        kind: "text/javascript; charset=utf-8",
        plain: include_bytes!("../../console/dist/chunk-576OGBRV.js"),
        brotli: include_bytes!("../../console/dist/chunk-576OGBRV.js.br"),
    },
    Asset {
        path: "/assets/chunk-NHSP7HTV.js",
        kind: "text/javascript; charset=utf-8",
        plain: include_bytes!("../../console/dist/chunk-NHSP7HTV.js"),
        brotli: include_bytes!("../../console/dist/chunk-NHSP7HTV.js.br"),
    },
    Asset {
        path: "/assets/chunk-OLHC6KR6.js",
        kind: "text/javascript; charset=utf-8",
        plain: include_bytes!("../../console/dist/chunk-OLHC6KR6.js"),
        brotli: include_bytes!("../../console/dist/chunk-OLHC6KR6.js.br"),
    },
    Asset {
        path: "/assets/chunk-SHDBAQCD.js",
        kind: "text/javascript; charset=utf-8",
        plain: include_bytes!("../../console/dist/chunk-SHDBAQCD.js"),
        brotli: include_bytes!("../../console/dist/chunk-SHDBAQCD.js.br"),
    },
    Asset {
        path: "/assets/chunk-TDJGBJYK.js",
        kind: "text/javascript; charset=utf-8",
        plain: include_bytes!("../../console/dist/chunk-TDJGBJYK.js"),
        brotli: include_bytes!("../../console/dist/chunk-TDJGBJYK.js.br"),
    },
    Asset {
        path: "/assets/chunk-TYYCIRB2.js",
        kind: "text/javascript; charset=utf-8",
        plain: include_bytes!("../../console/dist/chunk-TYYCIRB2.js"),
        brotli: include_bytes!("../../console/dist/chunk-TYYCIRB2.js.br"),
    },
    Asset {
        path: "/assets/chunk-X5L3FCQA.js",
        kind: "text/javascript; charset=utf-8",
        plain: include_bytes!("../../console/dist/chunk-X5L3FCQA.js"),
        brotli: include_bytes!("../../console/dist/chunk-X5L3FCQA.js.br"),
    },
    Asset {
        path: "/assets/chunk-XKTIR6HS.js",
        kind: "text/javascript; charset=utf-8",
        plain: include_bytes!("../../console/dist/chunk-XKTIR6HS.js"),
        brotli: include_bytes!("../../console/dist/chunk-XKTIR6HS.js.br"),
    },
    Asset {
        path: "/assets/competitions-ZABDKZ4M.js",
        kind: "text/javascript; charset=utf-8",
        plain: include_bytes!("../../console/dist/competitions-ZABDKZ4M.js"),
        brotli: include_bytes!("../../console/dist/competitions-ZABDKZ4M.js.br"),
    },
    Asset {
        path: "/assets/console-6T7FQK5B.css",
        kind: "text/css; charset=utf-8",
        plain: include_bytes!("../../console/dist/console-6T7FQK5B.css"),
        brotli: include_bytes!("../../console/dist/console-6T7FQK5B.css.br"),
    },
    Asset {
        path: "/assets/console-PKKX5ZCG.js",
        kind: "text/javascript; charset=utf-8",
        plain: include_bytes!("../../console/dist/console-PKKX5ZCG.js"),
        brotli: include_bytes!("../../console/dist/console-PKKX5ZCG.js.br"),
    },
    Asset {
        path: "/assets/contests-ILVQHBGY.js",
        kind: "text/javascript; charset=utf-8",
        plain: include_bytes!("../../console/dist/contests-ILVQHBGY.js"),
        brotli: include_bytes!("../../console/dist/contests-ILVQHBGY.js.br"),
    },
    Asset {
        path: "/assets/customers-ENJ25W4D.js",
        kind: "text/javascript; charset=utf-8",
        plain: include_bytes!("../../console/dist/customers-ENJ25W4D.js"),
        brotli: include_bytes!("../../console/dist/customers-ENJ25W4D.js.br"),
    },
    Asset {
        path: "/assets/form-RULL6ZY2.css",
        kind: "text/css; charset=utf-8",
        plain: include_bytes!("../../console/dist/form-RULL6ZY2.css"),
        brotli: include_bytes!("../../console/dist/form-RULL6ZY2.css.br"),
    },
    Asset {
        path: "/assets/icon-7149A3E4.svg",
        kind: "image/svg+xml; charset=utf-8",
        plain: include_bytes!("../../console/dist/icon-7149A3E4.svg"),
        brotli: include_bytes!("../../console/dist/icon-7149A3E4.svg.br"),
    },
    Asset {
        path: "/",
        kind: "text/html; charset=utf-8",
        plain: include_bytes!("../../console/dist/index.html"),
        brotli: include_bytes!("../../console/dist/index.html.br"),
    },
    Asset {
        path: "/assets/long_rows-U42VXKLA.js",
        kind: "text/javascript; charset=utf-8",
        plain: include_bytes!("../../console/dist/long_rows-U42VXKLA.js"),
        brotli: include_bytes!("../../console/dist/long_rows-U42VXKLA.js.br"),
    },
    Asset {
        path: "/assets/operations-PTI36HZA.js",
        kind: "text/javascript; charset=utf-8",
        plain: include_bytes!("../../console/dist/operations-PTI36HZA.js"),
        brotli: include_bytes!("../../console/dist/operations-PTI36HZA.js.br"),
    },
    Asset {
        path: "/assets/praise-ZWDLILQC.js",
        kind: "text/javascript; charset=utf-8",
        plain: include_bytes!("../../console/dist/praise-ZWDLILQC.js"),
        brotli: include_bytes!("../../console/dist/praise-ZWDLILQC.js.br"),
    },
    Asset {
        path: "/assets/ranks-OFNY6A4V.js",
        kind: "text/javascript; charset=utf-8",
        plain: include_bytes!("../../console/dist/ranks-OFNY6A4V.js"),
        brotli: include_bytes!("../../console/dist/ranks-OFNY6A4V.js.br"),
    },
    Asset {
        path: "/assets/review-XIFUNNMC.js",
        kind: "text/javascript; charset=utf-8",
        plain: include_bytes!("../../console/dist/review-XIFUNNMC.js"),
        brotli: include_bytes!("../../console/dist/review-XIFUNNMC.js.br"),
    },
    Asset {
        path: "/assets/scorecards-P3VE33PP.js",
        kind: "text/javascript; charset=utf-8",
        plain: include_bytes!("../../console/dist/scorecards-P3VE33PP.js"),
        brotli: include_bytes!("../../console/dist/scorecards-P3VE33PP.js.br"),
    },
    Asset {
        path: "/assets/sessions-UYQ5VPL5.js",
        kind: "text/javascript; charset=utf-8",
        plain: include_bytes!("../../console/dist/sessions-UYQ5VPL5.js"),
        brotli: include_bytes!("../../console/dist/sessions-UYQ5VPL5.js.br"),
    },
    Asset {
        path: "/assets/verifier-WMIJY7GH.js",
        kind: "text/javascript; charset=utf-8",
        plain: include_bytes!("../../console/dist/verifier-WMIJY7GH.js"),
        brotli: include_bytes!("../../console/dist/verifier-WMIJY7GH.js.br"),
    },
    Asset {
        path: "/assets/voice-Z4MKZHEM.js",
        kind: "text/javascript; charset=utf-8",
        plain: include_bytes!("../../console/dist/voice-Z4MKZHEM.js"),
        brotli: include_bytes!("../../console/dist/voice-Z4MKZHEM.js.br"),
    },
];
