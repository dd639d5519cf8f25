//! What `console/build` made of the sources in `console/`; it writes this list too.

use super::Asset;

pub(super) const ASSETS: &[Asset] = &[
    Asset {
        path: "/assets/chunk-5C2BQRDO.js",
        kind: "text/javascript; charset=utf-8",
        plain: include_bytes!("../../console/dist/chunk-5C2BQRDO.js"),
        brotli: include_bytes!("../../console/dist/chunk-5C2BQRDO.js.br"),
    },
    Asset {
        path: "/assets/chunk-6XJTLYGE.js",
        kind: "text/javascript; charset=utf-8",
        plain: include_bytes!("../../console/dist/chunk-6XJTLYGE.js"),
        brotli: include_bytes!("../../console/dist/chunk-6XJTLYGE.js.br"),
    },
    Asset {
        path: "/assets/chunk-7EU35MLL.js",
        kind: "text/javascript; charset=utf-8",
        plain: include_bytes!("../../console/dist/chunk-7EU35MLL.js"),
        brotli: include_bytes!("../../console/dist/chunk-7EU35MLL.js.br"),
    },
    Asset {
        path: "/assets/chunk-CT5JQWEQ.js",
        kind: "text/javascript; charset=utf-8",
        plain: include_bytes!("../../console/dist/chunk-CT5JQWEQ.js"),
        brotli: include_bytes!("../../console/dist/chunk-CT5JQWEQ.js.br"),
    },
    Asset {
        path: "/assets/chunk-LSOXKDOD.js",
        kind: "text/javascript; charset=utf-8",
        plain: include_bytes!("../../console/dist/chunk-LSOXKDOD.js"),
        brotli: include_bytes!("../../console/dist/chunk-LSOXKDOD.js.br"),
    },
    Asset {
        path: "/assets/chunk-LTCH3LXV.js",
        kind: "text/javascript; charset=utf-8",
        plain: include_bytes!("../../console/dist/chunk-LTCH3LXV.js"),
        brotli: include_bytes!("../../console/dist/chunk-LTCH3LXV.js.br"),
    },
    Asset {
        path: "/assets/chunk-O5BSLAUL.js",
        kind: "text/javascript; charset=utf-8",
        plain: include_bytes!("../../console/dist/chunk-O5BSLAUL.js"),
        brotli: include_bytes!("../../console/dist/chunk-O5BSLAUL.js.br"),
    },
    Asset {
        path: "/assets/chunk-PNHEBDSP.js",
        kind: "text/javascript; charset=utf-8",
        plain: include_bytes!("../../console/dist/chunk-PNHEBDSP.js"),
        brotli: include_bytes!("../../console/dist/chunk-PNHEBDSP.js.br"),
    },
    Asset {
        path: "/assets/chunk-UI44KHND.js",
        kind: "text/javascript; charset=utf-8",
        plain: include_bytes!("../../console/dist/chunk-UI44KHND.js"),
        brotli: include_bytes!("../../console/dist/chunk-UI44KHND.js.br"),
    },
    Asset {
        path: "/assets/chunk-WZJKME6E.js",
        kind: "text/javascript; charset=utf-8",
        plain: include_bytes!("../../console/dist/chunk-WZJKME6E.js"),
        brotli: include_bytes!("../../console/dist/chunk-WZJKME6E.js.br"),
    },
    Asset {
        path: "/assets/chunk-X4ILBEEA.js",
        kind: "text/javascript; charset=utf-8",
        plain: include_bytes!("../../console/dist/chunk-X4ILBEEA.js"),
        brotli: include_bytes!("../../console/dist/chunk-X4ILBEEA.js.br"),
    },
    Asset {
        path: "/assets/competitions-GA7YK4EN.js",
        kind: "text/javascript; charset=utf-8",
        plain: include_bytes!("../../console/dist/competitions-GA7YK4EN.js"),
        brotli: include_bytes!("../../console/dist/competitions-GA7YK4EN.js.br"),
    },
    Asset {
        path: "/assets/console-4A47K4CA.js",
        kind: "text/javascript; charset=utf-8",
        plain: include_bytes!("../../console/dist/console-4A47K4CA.js"),
        brotli: include_bytes!("../../console/dist/console-4A47K4CA.js.br"),
    },
    Asset {
        path: "/assets/console-XBPGYAJS.css",
        kind: "text/css; charset=utf-8",
        plain: include_bytes!("../../console/dist/console-XBPGYAJS.css"),
        brotli: include_bytes!("../../console/dist/console-XBPGYAJS.css.br"),
    },
    Asset {
        path: "/assets/customers-67NKTQC3.js",
        kind: "text/javascript; charset=utf-8",
        plain: include_bytes!("../../console/dist/customers-67NKTQC3.js"),
        brotli: include_bytes!("../../console/dist/customers-67NKTQC3.js.br"),
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
        path: "/assets/operations-6QEYQDLR.js",
        kind: "text/javascript; charset=utf-8",
        plain: include_bytes!("../../console/dist/operations-6QEYQDLR.js"),
        brotli: include_bytes!("../../console/dist/operations-6QEYQDLR.js.br"),
    },
    Asset {
        path: "/assets/ranks-ERVX4MPK.js",
        kind: "text/javascript; charset=utf-8",
        plain: include_bytes!("../../console/dist/ranks-ERVX4MPK.js"),
        brotli: include_bytes!("../../console/dist/ranks-ERVX4MPK.js.br"),
    },
    Asset {
        path: "/assets/review-VC63P6FV.js",
        kind: "text/javascript; charset=utf-8",
        plain: include_bytes!("../../console/dist/review-VC63P6FV.js"),
        brotli: include_bytes!("../../console/dist/review-VC63P6FV.js.br"),
    },
    Asset {
        path: "/assets/scorecards-KH5B54Q6.js",
        kind: "text/javascript; charset=utf-8",
        plain: include_bytes!("../../console/dist/scorecards-KH5B54Q6.js"),
        brotli: include_bytes!("../../console/dist/scorecards-KH5B54Q6.js.br"),
    },
    Asset {
        path: "/assets/sessions-PGEMCAVC.js",
        kind: "text/javascript; charset=utf-8",
        plain: include_bytes!("../../console/dist/sessions-PGEMCAVC.js"),
        brotli: include_bytes!("../../console/dist/sessions-PGEMCAVC.js.br"),
    },
    Asset {
        path: "/assets/survey-JD7FM5OG.css",
        kind: "text/css; charset=utf-8",
        plain: include_bytes!("../../console/dist/survey-JD7FM5OG.css"),
        brotli: include_bytes!("../../console/dist/survey-JD7FM5OG.css.br"),
    },
    Asset {
        path: "/assets/verifier-UXNSRL2M.js",
        kind: "text/javascript; charset=utf-8",
        plain: include_bytes!("../../console/dist/verifier-UXNSRL2M.js"),
        brotli: include_bytes!("../../console/dist/verifier-UXNSRL2M.js.br"),
    },
    Asset {
        path: "/assets/voice-6VMVJZU4.js",
        kind: "text/javascript; charset=utf-8",
        plain: include_bytes!("../../console/dist/voice-6VMVJZU4.js"),
        brotli: include_bytes!("../../console/dist/voice-6VMVJZU4.js.br"),
    },
];
