//! What `console/build` made of the sources in `console/`; it writes this list too.

use super::Asset;

pub(super) const ASSETS: &[Asset] = &[
    Asset {
        path: "/assets/ballots-X63LWBK2.js",
        kind: "text/javascript; charset=utf-8",
        plain: include_bytes!("../../console/dist/ballots-X63LWBK2.js"),
        brotli: include_bytes!("../../console/dist/ballots-X63LWBK2.js.br"),
    },
    Asset {
        path: "/assets/callbacks-H647YXFA.js",
        kind: "text/javascript; charset=utf-8",
        plain: include_bytes!("../../console/dist/callbacks-H647YXFA.js"),
        brotli: include_bytes!("../../console/dist/callbacks-H647YXFA.js.br"),
    },
    Asset {
        path: "/assets/chunk-3GIH3YN7.js",
        kind: "text/javascript; charset=utf-8",
        plain: include_bytes!("../../console/dist/chunk-3GIH3YN7.js"),
        brotli: include_bytes!("../../console/dist/chunk-3GIH3YN7.js.br"),
    },
    Asset {
        path: "/assets/chunk-3GQCNFPH.js",
        kind: "text/javascript; charset=utf-8",
        plain: include_bytes!("../../console/dist/chunk-3GQCNFPH.js"),
        brotli: include_bytes!("../../console/dist/chunk-3GQCNFPH.js.br"),
    },
    Asset {
        path: "/assets/chunk-6PYZP7GB.js",
        kind: "text/javascript; charset=utf-8",
        plain: include_bytes!("../../console/dist/chunk-6PYZP7GB.js"),
        brotli: include_bytes!("../../console/dist/chunk-6PYZP7GB.js.br"),
    },
    Asset {
        path: "/assets/chunk-GC5QSSNO.js",
        kind: "text/javascript; charset=utf-8",
        plain: include_bytes!("../../console/dist/chunk-GC5QSSNO.js"),
        brotli: include_bytes!("../../console/dist/chunk-GC5QSSNO.js.br"),
    },
    Asset {
        path: "/assets/chunk-IVN4AWO6.js",
        kind: "text/javascript; charset=utf-8",
        plain: include_bytes!("../../console/dist/chunk-IVN4AWO6.js"),
        brotli: include_bytes!("../../console/dist/chunk-IVN4AWO6.js.br"),
    },
    Asset {
        path: "/assets/chunk-KMTATWLQ.js",
        kind: "text/javascript; charset=utf-8",
        plain: include_bytes!("../../console/dist/chunk-KMTATWLQ.js"),
        brotli: include_bytes!("../../console/dist/chunk-KMTATWLQ.js.br"),
    },
    Asset {
        path: "/assets/chunk-SUXGTVAM.js",
        kind: "text/javascript; charset=utf-8",
        plain: include_bytes!("../../console/dist/chunk-SUXGTVAM.js"),
        brotli: include_bytes!("../../console/dist/chunk-SUXGTVAM.js.br"),
    },
    Asset {
        path: "/assets/chunk-TYLT2NL3.js",
        kind: "text/javascript; charset=utf-8",
        plain: include_bytes!("../../console/dist/chunk-TYLT2NL3.js"),
        brotli: include_bytes!("../../console/dist/chunk-TYLT2NL3.js.br"),
    },
    Asset {
        path: "/assets/chunk-U2WARS3L.js",
        kind: "text/javascript; charset=utf-8",
        plain: include_bytes!("../../console/dist/chunk-U2WARS3L.js"),
        brotli: include_bytes!("../../console/dist/chunk-U2WARS3L.js.br"),
    },
    Asset {
        path: "/assets/competitions-XRLL3IWH.js",
        kind: "text/javascript; charset=utf-8",
        plain: include_bytes!("../../console/dist/competitions-XRLL3IWH.js"),
        brotli: include_bytes!("../../console/dist/competitions-XRLL3IWH.js.br"),
    },
    Asset {
        path: "/assets/console-6T7FQK5B.css",
        kind: "text/css; charset=utf-8",
        plain: include_bytes!("../../console/dist/console-6T7FQK5B.css"),
        brotli: include_bytes!("../../console/dist/console-6T7FQK5B.css.br"),
    },
    Asset {
        path: "/assets/console-JJFQO4ST.js",
        kind: "text/javascript; charset=utf-8",
        plain: include_bytes!("../../console/dist/console-JJFQO4ST.js"),
        brotli: include_bytes!("../../console/dist/console-JJFQO4ST.js.br"),
    },
    Asset {
        path: "/assets/contests-WTZ6WGMR.js",
        kind: "text/javascript; charset=utf-8",
        plain: include_bytes!("../../console/dist/contests-WTZ6WGMR.js"),
        brotli: include_bytes!("../../console/dist/contests-WTZ6WGMR.js.br"),
    },
    Asset {
        path: "/assets/customers-C4CVBJJC.js",
        kind: "text/javascript; charset=utf-8",
        plain: include_bytes!("../../console/dist/customers-C4CVBJJC.js"),
        brotli: include_bytes!("../../console/dist/customers-C4CVBJJC.js.br"),
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
        path: "/assets/long_rows-UKPEXJBP.js",
        kind: "text/javascript; charset=utf-8",
        plain: include_bytes!("../../console/dist/long_rows-UKPEXJBP.js"),
        brotli: include_bytes!("../../console/dist/long_rows-UKPEXJBP.js.br"),
    },
    Asset {
        path: "/assets/operations-J743SYYJ.js",
        kind: "text/javascript; charset=utf-8",
        plain: include_bytes!("../../console/dist/operations-J743SYYJ.js"),
        brotli: include_bytes!("../../console/dist/operations-J743SYYJ.js.br"),
    },
    Asset {
        path: "/assets/praise-K4DEXFDC.js",
        kind: "text/javascript; charset=utf-8",
        plain: include_bytes!("../../console/dist/praise-K4DEXFDC.js"),
        brotli: include_bytes!("../../console/dist/praise-K4DEXFDC.js.br"),
    },
    Asset {
        path: "/assets/ranks-YAGVW3OU.js",
        kind: "text/javascript; charset=utf-8",
        plain: include_bytes!("../../console/dist/ranks-YAGVW3OU.js"),
        brotli: include_bytes!("../../console/dist/ranks-YAGVW3OU.js.br"),
    },
    Asset {
        path: "/assets/review-EIURZ65N.js",
        kind: "text/javascript; charset=utf-8",
        plain: include_bytes!("../../console/dist/review-EIURZ65N.js"),
        brotli: include_bytes!("../../console/dist/review-EIURZ65N.js.br"),
    },
    Asset {
        path: "/assets/scorecards-ZWO75X5P.js",
        kind: "text/javascript; charset=utf-8",
        plain: include_bytes!("../../console/dist/scorecards-ZWO75X5P.js"),
        brotli: include_bytes!("../../console/dist/scorecards-ZWO75X5P.js.br"),
    },
    Asset {
        path: "/assets/sessions-HMN7UDWW.js",
        kind: "text/javascript; charset=utf-8",
        plain: include_bytes!("../../console/dist/sessions-HMN7UDWW.js"),
        brotli: include_bytes!("../../console/dist/sessions-HMN7UDWW.js.br"),
    },
    Asset {
        path: "/assets/verifier-WMIJY7GH.js",
        kind: "text/javascript; charset=utf-8",
        plain: include_bytes!("../../console/dist/verifier-WMIJY7GH.js"),
        brotli: include_bytes!("../../console/dist/verifier-WMIJY7GH.js.br"),
    },
    Asset {
        path: "/assets/voice-FKZAPILL.js",
        kind: "text/javascript; charset=utf-8",
        plain: include_bytes!("../../console/dist/voice-FKZAPILL.js"),
        brotli: include_bytes!("../../console/dist/voice-FKZAPILL.js.br"),
    },
];
