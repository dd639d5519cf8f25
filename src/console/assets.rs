//! What `console/build` made of the sources in `console/`; it writes this list too.

use super::Asset;

pub(super) const ASSETS: &[Asset] = &[
    Asset {
        path: "/assets/ballots-3LMXI5CB.js",
        kind: "text/javascript; charset=utf-8",
        plain: include_bytes!("../../console/dist/ballots-3LMXI5CB.js"),
        brotli: include_bytes!("../../console/dist/ballots-3LMXI5CB.js.br"),
    },
    Asset {
        path: "/assets/callbacks-SX5BBOPR.js",
        kind: "text/javascript; charset=utf-8",
        plain: include_bytes!("../../console/dist/callbacks-SX5BBOPR.js"),
        brotli: include_bytes!("../../console/dist/callbacks-SX5BBOPR.js.br"),
    },
    Asset {
        path: "/assets/chunk-3GIH3YN7.js",
        kind: "text/javascript; charset=utf-8",
        plain: include_bytes!("../../console/dist/chunk-3GIH3YN7.js"),
        brotli: include_bytes!("../../console/dist/chunk-3GIH3YN7.js.br"),
    },
    Asset {
        path: "/assets/chunk-BYV655S7.js",
        kind: "text/javascript; charset=utf-8",
        plain: include_bytes!("../../console/dist/chunk-BYV655S7.js"),
        brotli: include_bytes!("../../console/dist/chunk-BYV655S7.js.br"),
    },
    Asset {
        path: "/assets/chunk-FCPQ2GXK.js",
        kind: "text/javascript; charset=utf-8",
        plain: include_bytes!("../../console/dist/chunk-FCPQ2GXK.js"),
        brotli: include_bytes!("../../console/dist/chunk-FCPQ2GXK.js.br"),
    },
    Asset {
        path: "/assets/chunk-H3GGCNVG.js",
        kind: "text/javascript; charset=utf-8",
        plain: include_bytes!("../../console/dist/chunk-H3GGCNVG.js"),
        brotli: include_bytes!("../../console/dist/chunk-H3GGCNVG.js.br"),
    },
    Asset {
        path: "/assets/chunk-JHBDL5TZ.js",
        kind: "text/javascript; charset=utf-8",
        plain: include_bytes!("../../console/dist/chunk-JHBDL5TZ.js"),
        brotli: include_bytes!("../../console/dist/chunk-JHBDL5TZ.js.br"),
    },
    Asset {
        path: "/assets/chunk-NVZEL4QB.js",
        kind: "text/javascript; charset=utf-8",
        plain: include_bytes!("../../console/dist/chunk-NVZEL4QB.js"),
        brotli: include_bytes!("../../console/dist/chunk-NVZEL4QB.js.br"),
    },
    Asset {
        path: "/assets/chunk-OCGCUUGP.js",
        kind: "text/javascript; charset=utf-8",
        plain: include_bytes!("../../console/dist/chunk-OCGCUUGP.js"),
        brotli: include_bytes!("../../console/dist/chunk-OCGCUUGP.js.br"),
    },
    Asset {
        path: "/assets/chunk-U3OIRN2H.js",
        kind: "text/javascript; charset=utf-8",
        plain: include_bytes!("../../console/dist/chunk-U3OIRN2H.js"),
        brotli: include_bytes!("../../console/dist/chunk-U3OIRN2H.js.br"),
    },
    Asset {
        path: "/assets/chunk-ZBDGYJYQ.js",
        kind: "text/javascript; charset=utf-8",
        plain: include_bytes!("../../console/dist/chunk-ZBDGYJYQ.js"),
        brotli: include_bytes!("../../console/dist/chunk-ZBDGYJYQ.js.br"),
    },
    Asset {
        path: "/assets/competitions-EWIH7B3R.js",
        kind: "text/javascript; charset=utf-8",
        plain: include_bytes!("../../console/dist/competitions-EWIH7B3R.js"),
        brotli: include_bytes!("../../console/dist/competitions-EWIH7B3R.js.br"),
    },
    Asset {
        path: "/assets/console-6T7FQK5B.css",
        kind: "text/css; charset=utf-8",
        plain: include_bytes!("../../console/dist/console-6T7FQK5B.css"),
        brotli: include_bytes!("../../console/dist/console-6T7FQK5B.css.br"),
    },
    Asset {
        path: "/assets/console-QNGWZSIM.js",
        kind: "text/javascript; charset=utf-8",
        plain: include_bytes!("../../console/dist/console-QNGWZSIM.js"),
        brotli: include_bytes!("../../console/dist/console-QNGWZSIM.js.br"),
    },
    Asset {
        path: "/assets/contests-O3W65QOS.js",
        kind: "text/javascript; charset=utf-8",
        plain: include_bytes!("../../console/dist/contests-O3W65QOS.js"),
        brotli: include_bytes!("../../console/dist/contests-O3W65QOS.js.br"),
    },
    Asset {
        path: "/assets/customers-T2NE3YVB.js",
        kind: "text/javascript; charset=utf-8",
        plain: include_bytes!("../../console/dist/customers-T2NE3YVB.js"),
        brotli: include_bytes!("../../console/dist/customers-T2NE3YVB.js.br"),
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
        path: "/assets/long_rows-JR53HHHC.js",
        kind: "text/javascript; charset=utf-8",
        plain: include_bytes!("../../console/dist/long_rows-JR53HHHC.js"),
        brotli: include_bytes!("../../console/dist/long_rows-JR53HHHC.js.br"),
    },
    Asset {
        path: "/assets/operations-UU7J3UVE.js",
        kind: "text/javascript; charset=utf-8",
        plain: include_bytes!("../../console/dist/operations-UU7J3UVE.js"),
        brotli: include_bytes!("../../console/dist/operations-UU7J3UVE.js.br"),
    },
    Asset {
        path: "/assets/praise-NDHCG2FF.js",
        kind: "text/javascript; charset=utf-8",
        plain: include_bytes!("../../console/dist/praise-NDHCG2FF.js"),
        brotli: include_bytes!("../../console/dist/praise-NDHCG2FF.js.br"),
    },
    Asset {
        path: "/assets/ranks-EMXK7BSU.js",
        kind: "text/javascript; charset=utf-8",
        plain: include_bytes!("../../console/dist/ranks-EMXK7BSU.js"),
        brotli: include_bytes!("../../console/dist/ranks-EMXK7BSU.js.br"),
    },
    Asset {
        path: "/assets/review-OY4Q2QIY.js",
        kind: "text/javascript; charset=utf-8",
        plain: include_bytes!("../../console/dist/review-OY4Q2QIY.js"),
        brotli: include_bytes!("../../console/dist/review-OY4Q2QIY.js.br"),
    },
    Asset {
        path: "/assets/scorecards-SYY5O7PE.js",
        kind: "text/javascript; charset=utf-8",
        plain: include_bytes!("../../console/dist/scorecards-SYY5O7PE.js"),
        brotli: include_bytes!("../../console/dist/scorecards-SYY5O7PE.js.br"),
    },
    Asset {
        path: "/assets/sessions-37KFAJKP.js",
        kind: "text/javascript; charset=utf-8",
        plain: include_bytes!("../../console/dist/sessions-37KFAJKP.js"),
        brotli: include_bytes!("../../console/dist/sessions-37KFAJKP.js.br"),
    },
    Asset {
        path: "/assets/verifier-WMIJY7GH.js",
        kind: "text/javascript; charset=utf-8",
        plain: include_bytes!("../../console/dist/verifier-WMIJY7GH.js"),
        brotli: include_bytes!("../../console/dist/verifier-WMIJY7GH.js.br"),
    },
    Asset {
        path: "/assets/voice-MUIB2MVQ.js",
        kind: "text/javascript; charset=utf-8",
        plain: include_bytes!("../../console/dist/voice-MUIB2MVQ.js"),
        brotli: include_bytes!("../../console/dist/voice-MUIB2MVQ.js.br"),
    },
];
