//! What `console/build` made of the sources in `console/`; it writes this list too.

use super::Asset;

pub(super) const ASSETS: &[Asset] = &[
    Asset {
        path: "/assets/chunk-3INK5SNJ.js",
        kind: "text/javascript; charset=utf-8",
        plain: include_bytes!("../../console/dist/chunk-3INK5SNJ.js"),
        brotli: include_bytes!("../../console/dist/chunk-3INK5SNJ.js.br"),
    },
    Asset {
        path: "/assets/chunk-6ZD46HXJ.js",
        kind: "text/javascript; charset=utf-8",
        plain: include_bytes!("../../console/dist/chunk-6ZD46HXJ.js"),
        brotli: include_bytes!("../../console/dist/chunk-6ZD46HXJ.js.br"),
    },
    Asset {
        path: "/assets/chunk-BGLJMXKY.js",
        kind: "text/javascript; charset=utf-8",
        plain: include_bytes!("../../console/dist/chunk-BGLJMXKY.js"),
        brotli: include_bytes!("../../console/dist/chunk-BGLJMXKY.js.br"),
    },
    Asset {
        path: "/assets/chunk-ED27E5H3.js",
        kind: "text/javascript; charset=utf-8",
        plain: include_bytes!("../../console/dist/chunk-ED27E5H3.js"),
        brotli: include_bytes!("../../console/dist/chunk-ED27E5H3.js.br"),
    },
    Asset {
        path: "/assets/chunk-EYAER266.js",
        kind: "text/javascript; charset=utf-8",
        plain: include_bytes!("../../console/dist/chunk-EYAER266.js"),
        brotli: include_bytes!("../../console/dist/chunk-EYAER266.js.br"),
    },
    Asset {
        path: "/assets/chunk-KOKX4WUQ.js",
        kind: "text/javascript; charset=utf-8",
        plain: include_bytes!("../../console/dist/chunk-KOKX4WUQ.js"),
        brotli: include_bytes!("../../console/dist/chunk-KOKX4WUQ.js.br"),
    },
    Asset {
        path: "/assets/chunk-LF6V2QJ6.js",
        kind: "text/javascript; charset=utf-8",
        plain: include_bytes!("../../console/dist/chunk-LF6V2QJ6.js"),
        brotli: include_bytes!("../../console/dist/chunk-LF6V2QJ6.js.br"),
    },
    Asset {
        path: "/assets/chunk-NS6UCVQG.js",
        kind: "text/javascript; charset=utf-8",
        plain: include_bytes!("../../console/dist/chunk-NS6UCVQG.js"),
        brotli: include_bytes!("../../console/dist/chunk-NS6UCVQG.js.br"),
    },
    Asset {
        path: "/assets/chunk-O2FDNLAO.js",
        kind: "text/javascript; charset=utf-8",
        plain: include_bytes!("../../console/dist/chunk-O2FDNLAO.js"),
        brotli: include_bytes!("../../console/dist/chunk-O2FDNLAO.js.br"),
    },
    Asset {
        path: "/assets/chunk-VEIHWJJL.js",
        kind: "text/javascript; charset=utf-8",
        plain: include_bytes!("../../console/dist/chunk-VEIHWJJL.js"),
        brotli: include_bytes!("../../console/dist/chunk-VEIHWJJL.js.br"),
    },
    Asset {
        path: "/assets/chunk-WMGR6URR.js",
        kind: "text/javascript; charset=utf-8",
        plain: include_bytes!("../../console/dist/chunk-WMGR6URR.js"),
        brotli: include_bytes!("../../console/dist/chunk-WMGR6URR.js.br"),
    },
    Asset {
        path: "/assets/chunk-ZHVCPICD.js",
        kind: "text/javascript; charset=utf-8",
        plain: include_bytes!("../../console/dist/chunk-ZHVCPICD.js"),
        brotli: include_bytes!("../../console/dist/chunk-ZHVCPICD.js.br"),
    },
    Asset {
        path: "/assets/chunk-ZVDP3IHS.js",
        kind: "text/javascript; charset=utf-8",
        plain: include_bytes!("../../console/dist/chunk-ZVDP3IHS.js"),
        brotli: include_bytes!("../../console/dist/chunk-ZVDP3IHS.js.br"),
    },
    Asset {
        path: "/assets/competitions-E6JLAY5T.js",
        kind: "text/javascript; charset=utf-8",
        plain: include_bytes!("../../console/dist/competitions-E6JLAY5T.js"),
        brotli: include_bytes!("../../console/dist/competitions-E6JLAY5T.js.br"),
    },
    Asset {
        path: "/assets/console-4CRK3MZZ.js",
        kind: "text/javascript; charset=utf-8",
        plain: include_bytes!("../../console/dist/console-4CRK3MZZ.js"),
        brotli: include_bytes!("../../console/dist/console-4CRK3MZZ.js.br"),
    },
    Asset {
        path: "/assets/console-6T7FQK5B.css",
        kind: "text/css; charset=utf-8",
        plain: include_bytes!("../../console/dist/console-6T7FQK5B.css"),
        brotli: include_bytes!("../../console/dist/console-6T7FQK5B.css.br"),
    },
    Asset {
        path: "/assets/customers-OZXR5CAK.js",
        kind: "text/javascript; charset=utf-8",
        plain: include_bytes!("../../console/dist/customers-OZXR5CAK.js"),
        brotli: include_bytes!("../../console/dist/customers-OZXR5CAK.js.br"),
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
        path: "/assets/operations-H4HGQSFD.js",
        kind: "text/javascript; charset=utf-8",
        plain: include_bytes!("../../console/dist/operations-H4HGQSFD.js"),
        brotli: include_bytes!("../../console/dist/operations-H4HGQSFD.js.br"),
    },
    Asset {
        path: "/assets/ranks-H5L2MD7P.js",
        kind: "text/javascript; charset=utf-8",
        plain: include_bytes!("../../console/dist/ranks-H5L2MD7P.js"),
        brotli: include_bytes!("../../console/dist/ranks-H5L2MD7P.js.br"),
    },
    Asset {
        path: "/assets/review-KK63F6OY.js",
        kind: "text/javascript; charset=utf-8",
        plain: include_bytes!("../../console/dist/review-KK63F6OY.js"),
        brotli: include_bytes!("../../console/dist/review-KK63F6OY.js.br"),
    },
    Asset {
        path: "/assets/scorecards-BU7S5FPO.js",
        kind: "text/javascript; charset=utf-8",
        plain: include_bytes!("../../console/dist/scorecards-BU7S5FPO.js"),
        brotli: include_bytes!("../../console/dist/scorecards-BU7S5FPO.js.br"),
    },
    Asset {
        path: "/assets/sessions-B6LUS2T7.js",
        kind: "text/javascript; charset=utf-8",
        plain: include_bytes!("../../console/dist/sessions-B6LUS2T7.js"),
        brotli: include_bytes!("../../console/dist/sessions-B6LUS2T7.js.br"),
    },
    Asset {
        path: "/assets/verifier-WMIJY7GH.js",
        kind: "text/javascript; charset=utf-8",
        plain: include_bytes!("../../console/dist/verifier-WMIJY7GH.js"),
        brotli: include_bytes!("../../console/dist/verifier-WMIJY7GH.js.br"),
    },
    Asset {
        path: "/assets/voice-4FD3AOAF.js",
        kind: "text/javascript; charset=utf-8",
        plain: include_bytes!("../../console/dist/voice-4FD3AOAF.js"),
        brotli: include_bytes!("../../console/dist/voice-4FD3AOAF.js.br"),
    },
];
