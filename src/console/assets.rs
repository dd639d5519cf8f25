//! What `console/build` made of the sources in `console/`; it writes this list too.

use super::Asset;

pub(super) const ASSETS: &[Asset] = &[
    Asset {
        path: "/assets/chunk-BX5NCKYN.js",
        kind: "text/javascript; charset=utf-8",
        plain: include_bytes!("../../console/dist/chunk-BX5NCKYN.js"),
        brotli: include_bytes!("../../console/dist/chunk-BX5NCKYN.js.br"),
    },
    Asset {
        path: "/assets/chunk-CZFYFUQC.js",
        kind: "text/javascript; charset=utf-8",
        plain: include_bytes!("../../console/dist/chunk-CZFYFUQC.js"),
        brotli: include_bytes!("../../console/dist/chunk-CZFYFUQC.js.br"),
    },
    Asset {
        path: "/assets/chunk-EUYDLO32.js",
        kind: "text/javascript; charset=utf-8",
        plain: include_bytes!("../../console/dist/chunk-EUYDLO32.js"),
        brotli: include_bytes!("../../console/dist/chunk-EUYDLO32.js.br"),
    },
    Asset {
        path: "/assets/chunk-KJZ7JR32.js",
        kind: "text/javascript; charset=utf-8",
        plain: include_bytes!("../../console/dist/chunk-KJZ7JR32.js"),
        brotli: include_bytes!("../../console/dist/chunk-KJZ7JR32.js.br"),
    },
    Asset {
        path: "/assets/chunk-LLBWIDDO.js",
        kind: "text/javascript; charset=utf-8",
        plain: include_bytes!("../../console/dist/chunk-LLBWIDDO.js"),
        brotli: include_bytes!("../../console/dist/chunk-LLBWIDDO.js.br"),
    },
    Asset {
        path: "/assets/chunk-S4IXJQ2G.js",
        kind: "text/javascript; charset=utf-8",
        plain: include_bytes!("../../console/dist/chunk-S4IXJQ2G.js"),
        brotli: include_bytes!("../../console/dist/chunk-S4IXJQ2G.js.br"),
    },
    Asset {
        path: "/assets/chunk-WHH2LBRL.js",
        kind: "text/javascript; charset=utf-8",
        plain: include_bytes!("../../console/dist/chunk-WHH2LBRL.js"),
        brotli: include_bytes!("../../console/dist/chunk-WHH2LBRL.js.br"),
    },
    Asset {
        path: "/assets/chunk-Y3QLB76C.js",
        kind: "text/javascript; charset=utf-8",
        plain: include_bytes!("../../console/dist/chunk-Y3QLB76C.js"),
        brotli: include_bytes!("../../console/dist/chunk-Y3QLB76C.js.br"),
    },
    Asset {
        path: "/assets/chunk-Y4NPXPFT.js",
        kind: "text/javascript; charset=utf-8",
        plain: include_bytes!("../../console/dist/chunk-Y4NPXPFT.js"),
        brotli: include_bytes!("../../console/dist/chunk-Y4NPXPFT.js.br"),
    },
    Asset {
        path: "/assets/chunk-YP3JGHPM.js",
        kind: "text/javascript; charset=utf-8",
        plain: include_bytes!("../../console/dist/chunk-YP3JGHPM.js"),
        brotli: include_bytes!("../../console/dist/chunk-YP3JGHPM.js.br"),
    },
    Asset {
        path: "/assets/chunk-ZMZOAGFX.js",
        kind: "text/javascript; charset=utf-8",
        plain: include_bytes!("../../console/dist/chunk-ZMZOAGFX.js"),
        brotli: include_bytes!("../../console/dist/chunk-ZMZOAGFX.js.br"),
    },
    Asset {
        path: "/assets/competitions-Y7CB7XPE.js",
        kind: "text/javascript; charset=utf-8",
        plain: include_bytes!("../../console/dist/competitions-Y7CB7XPE.js"),
        brotli: include_bytes!("../../console/dist/competitions-Y7CB7XPE.js.br"),
    },
    Asset {
        path: "/assets/console-C2FCJHMF.css",
        kind: "text/css; charset=utf-8",
        plain: include_bytes!("../../console/dist/console-C2FCJHMF.css"),
        brotli: include_bytes!("../../console/dist/console-C2FCJHMF.css.br"),
    },
    Asset {
        path: "/assets/console-OKC5Y6XZ.js",
        kind: "text/javascript; charset=utf-8",
        plain: include_bytes!("../../console/dist/console-OKC5Y6XZ.js"),
        brotli: include_bytes!("../../console/dist/console-OKC5Y6XZ.js.br"),
    },
    Asset {
        path: "/assets/customers-SH27AOFQ.js",
        kind: "text/javascript; charset=utf-8",
        plain: include_bytes!("../../console/dist/customers-SH27AOFQ.js"),
        brotli: include_bytes!("../../console/dist/customers-SH27AOFQ.js.br"),
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
        path: "/assets/operations-NUBCP6YS.js",
        kind: "text/javascript; charset=utf-8",
        plain: include_bytes!("../../console/dist/operations-NUBCP6YS.js"),
        brotli: include_bytes!("../../console/dist/operations-NUBCP6YS.js.br"),
    },
    Asset {
        path: "/assets/ranks-74JH3MPD.js",
        kind: "text/javascript; charset=utf-8",
        plain: include_bytes!("../../console/dist/ranks-74JH3MPD.js"),
        brotli: include_bytes!("../../console/dist/ranks-74JH3MPD.js.br"),
    },
    Asset {
        path: "/assets/review-7EE5DS6I.js",
        kind: "text/javascript; charset=utf-8",
        plain: include_bytes!("../../console/dist/review-7EE5DS6I.js"),
        brotli: include_bytes!("../../console/dist/review-7EE5DS6I.js.br"),
    },
    Asset {
        path: "/assets/scorecards-HFWOGZEV.js",
        kind: "text/javascript; charset=utf-8",
        plain: include_bytes!("../../console/dist/scorecards-HFWOGZEV.js"),
        brotli: include_bytes!("../../console/dist/scorecards-HFWOGZEV.js.br"),
    },
    Asset {
        path: "/assets/sessions-JYPFK6EV.js",
        kind: "text/javascript; charset=utf-8",
        plain: include_bytes!("../../console/dist/sessions-JYPFK6EV.js"),
        brotli: include_bytes!("../../console/dist/sessions-JYPFK6EV.js.br"),
    },
    Asset {
        path: "/assets/survey-JD7FM5OG.css",
        kind: "text/css; charset=utf-8",
        plain: include_bytes!("../../console/dist/survey-JD7FM5OG.css"),
        brotli: include_bytes!("../../console/dist/survey-JD7FM5OG.css.br"),
    },
    Asset {
        path: "/assets/verifier-WMIJY7GH.js",
        kind: "text/javascript; charset=utf-8",
        plain: include_bytes!("../../console/dist/verifier-WMIJY7GH.js"),
        brotli: include_bytes!("../../console/dist/verifier-WMIJY7GH.js.br"),
    },
    Asset {
        path: "/assets/voice-376GTOOD.js",
        kind: "text/javascript; charset=utf-8",
        plain: include_bytes!("../../console/dist/voice-376GTOOD.js"),
        brotli: include_bytes!("../../console/dist/voice-376GTOOD.js.br"),
    },
];
