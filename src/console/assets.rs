//! What `console/build` made of the sources in `console/`; it writes this list too.

use super::Asset;

pub(super) const ASSETS: &[Asset] = &[
    Asset {
        path: "/assets/chunk-54CH4LWG.js",
        kind: "text/javascript; charset=utf-8",
        plain: include_bytes!("../../console/dist/chunk-54CH4LWG.js"),
        brotli: include_bytes!("../../console/dist/chunk-54CH4LWG.js.br"),
    },
    Asset {
        path: "/assets/chunk-7F7OL4BN.js",
        kind: "text/javascript; charset=utf-8",
        plain: include_bytes!("../../console/dist/chunk-7F7OL4BN.js"),
        brotli: include_bytes!("../../console/dist/chunk-7F7OL4BN.js.br"),
    },
    Asset {
        path: "/assets/chunk-ECXE6PYM.js",
        kind: "text/javascript; charset=utf-8",
        plain: include_bytes!("../../console/dist/chunk-ECXE6PYM.js"),
        brotli: include_bytes!("../../console/dist/chunk-ECXE6PYM.js.br"),
    },
    Asset {
        path: "/assets/chunk-MJQ6LA2R.js",
        kind: "text/javascript; charset=utf-8",
        plain: include_bytes!("../../console/dist/chunk-MJQ6LA2R.js"),
        brotli: include_bytes!("../../console/dist/chunk-MJQ6LA2R.js.br"),
    },
    Asset {
        path: "/assets/chunk-MZWJFWXS.js",
        kind: "text/javascript; charset=utf-8",
        plain: include_bytes!("../../console/dist/chunk-MZWJFWXS.js"),
        brotli: include_bytes!("../../console/dist/chunk-MZWJFWXS.js.br"),
    },
    Asset {
        path: "/assets/chunk-N4DVL6OF.js",
        kind: "text/javascript; charset=utf-8",
        plain: include_bytes!("../../console/dist/chunk-N4DVL6OF.js"),
        brotli: include_bytes!("../../console/dist/chunk-N4DVL6OF.js.br"),
    },
    Asset {
        path: "/assets/chunk-NMMXZOTM.js",
        kind: "text/javascript; charset=utf-8",
        plain: include_bytes!("../../console/dist/chunk-NMMXZOTM.js"),
        brotli: include_bytes!("../../console/dist/chunk-NMMXZOTM.js.br"),
    },
    Asset {
        path: "/assets/chunk-TNLCMW3H.js",
        kind: "text/javascript; charset=utf-8",
        plain: include_bytes!("../../console/dist/chunk-TNLCMW3H.js"),
        brotli: include_bytes!("../../console/dist/chunk-TNLCMW3H.js.br"),
    },
    Asset {
        path: "/assets/chunk-UILIY6FQ.js",
        kind: "text/javascript; charset=utf-8",
        plain: include_bytes!("../../console/dist/chunk-UILIY6FQ.js"),
        brotli: include_bytes!("../../console/dist/chunk-UILIY6FQ.js.br"),
    },
    Asset {
        path: "/assets/chunk-VXC2XHY7.js",
        kind: "text/javascript; charset=utf-8",
        plain: include_bytes!("../../console/dist/chunk-VXC2XHY7.js"),
        brotli: include_bytes!("../../console/dist/chunk-VXC2XHY7.js.br"),
    },
    Asset {
        path: "/assets/chunk-XDSP77NW.js",
        kind: "text/javascript; charset=utf-8",
        plain: include_bytes!("../../console/dist/chunk-XDSP77NW.js"),
        brotli: include_bytes!("../../console/dist/chunk-XDSP77NW.js.br"),
    },
    Asset {
        path: "/assets/competitions-ZI23IIYY.js",
        kind: "text/javascript; charset=utf-8",
        plain: include_bytes!("../../console/dist/competitions-ZI23IIYY.js"),
        brotli: include_bytes!("../../console/dist/competitions-ZI23IIYY.js.br"),
    },
    Asset {
        path: "/assets/console-6T7FQK5B.css",
        kind: "text/css; charset=utf-8",
        plain: include_bytes!("../../console/dist/console-6T7FQK5B.css"),
        brotli: include_bytes!("../../console/dist/console-6T7FQK5B.css.br"),
    },
    Asset {
        path: "/assets/console-KRQQ7OLT.js",
        kind: "text/javascript; charset=utf-8",
        plain: include_bytes!("../../console/dist/console-KRQQ7OLT.js"),
        brotli: include_bytes!("../../console/dist/console-KRQQ7OLT.js.br"),
    },
    Asset {
        path: "/assets/customers-DRUZ6OGX.js",
        kind: "text/javascript; charset=utf-8",
        plain: include_bytes!("../../console/dist/customers-DRUZ6OGX.js"),
        brotli: include_bytes!("../../console/dist/customers-DRUZ6OGX.js.br"),
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
        path: "/assets/operations-TS2QWQ5G.js",
        kind: "text/javascript; charset=utf-8",
        plain: include_bytes!("../../console/dist/operations-TS2QWQ5G.js"),
        brotli: include_bytes!("../../console/dist/operations-TS2QWQ5G.js.br"),
    },
    Asset {
        path: "/assets/ranks-DPAEO6XB.js",
        kind: "text/javascript; charset=utf-8",
        plain: include_bytes!("../../console/dist/ranks-DPAEO6XB.js"),
        brotli: include_bytes!("../../console/dist/ranks-DPAEO6XB.js.br"),
    },
    Asset {
        path: "/assets/review-74Y4FE25.js",
        kind: "text/javascript; charset=utf-8",
        plain: include_bytes!("../../console/dist/review-74Y4FE25.js"),
        brotli: include_bytes!("../../console/dist/review-74Y4FE25.js.br"),
    },
    Asset {
        path: "/assets/scorecards-ZQ4Q2GHO.js",
        kind: "text/javascript; charset=utf-8",
        plain: include_bytes!("../../console/dist/scorecards-ZQ4Q2GHO.js"),
        brotli: include_bytes!("../../console/dist/scorecards-ZQ4Q2GHO.js.br"),
    },
    Asset {
        path: "/assets/sessions-GIWKKKIF.js",
        kind: "text/javascript; charset=utf-8",
        plain: include_bytes!("../../console/dist/sessions-GIWKKKIF.js"),
        brotli: include_bytes!("../../console/dist/sessions-GIWKKKIF.js.br"),
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
        path: "/assets/voice-UVAIFMBM.js",
        kind: "text/javascript; charset=utf-8",
        plain: include_bytes!("../../console/dist/voice-UVAIFMBM.js"),
        brotli: include_bytes!("../../console/dist/voice-UVAIFMBM.js.br"),
    },
];
