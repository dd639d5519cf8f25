//! What `console/build` made of the sources in `console/`; it writes this list too.

use super::Asset;

pub(super) const ASSETS: &[Asset] = &[
    Asset {
        path: "/assets/chunk-DSCBHFKM.js",
        kind: "text/javascript; charset=utf-8",
        plain: include_bytes!("../../console/dist/chunk-DSCBHFKM.js"),
        brotli: include_bytes!("../../console/dist/chunk-DSCBHFKM.js.br"),
    },
    Asset {
        path: "/assets/chunk-GAI4BP44.js",
        kind: "text/javascript; charset=utf-8",
        plain: include_bytes!("../../console/dist/chunk-GAI4BP44.js"),
        brotli: include_bytes!("../../console/dist/chunk-GAI4BP44.js.br"),
    },
    Asset {
        path: "/assets/chunk-HTVJTGYI.js",
        kind: "text/javascript; charset=utf-8",
        plain: include_bytes!("../../console/dist/chunk-HTVJTGYI.js"),
        brotli: include_bytes!("../../console/dist/chunk-HTVJTGYI.js.br"),
    },
    Asset {
        path: "/assets/chunk-ID77YJVC.js",
        kind: "text/javascript; charset=utf-8",
        plain: include_bytes!("../../console/dist/chunk-ID77YJVC.js"),
        brotli: include_bytes!("../../console/dist/chunk-ID77YJVC.js.br"),
    },
    Asset {
        path: "/assets/chunk-NVHJDTOM.js",
        kind: "text/javascript; charset=utf-8",
        plain: include_bytes!("../../console/dist/chunk-NVHJDTOM.js"),
        brotli: include_bytes!("../../console/dist/chunk-NVHJDTOM.js.br"),
    },
    Asset {
        path: "/assets/chunk-RJE4CV7S.js",
        kind: "text/javascript; charset=utf-8",
        plain: include_bytes!("../../console/dist/chunk-RJE4CV7S.js"),
        brotli: include_bytes!("../../console/dist/chunk-RJE4CV7S.js.br"),
    },
    Asset {
        path: "/assets/chunk-RV6IKCES.js",
        kind: "text/javascript; charset=utf-8",
        plain: include_bytes!("../../console/dist/chunk-RV6IKCES.js"),
        brotli: include_bytes!("../../console/dist/chunk-RV6IKCES.js.br"),
    },
    Asset {
        path: "/assets/chunk-SA5N6JCD.js",
        kind: "text/javascript; charset=utf-8",
        plain: include_bytes!("../../console/dist/chunk-SA5N6JCD.js"),
        brotli: include_bytes!("../../console/dist/chunk-SA5N6JCD.js.br"),
    },
    Asset {
        path: "/assets/chunk-TQ5CZTBG.js",
        kind: "text/javascript; charset=utf-8",
        plain: include_bytes!("../../console/dist/chunk-TQ5CZTBG.js"),
        brotli: include_bytes!("../../console/dist/chunk-TQ5CZTBG.js.br"),
    },
    Asset {
        path: "/assets/chunk-U5U6N5KJ.js",
        kind: "text/javascript; charset=utf-8",
        plain: include_bytes!("../../console/dist/chunk-U5U6N5KJ.js"),
        brotli: include_bytes!("../../console/dist/chunk-U5U6N5KJ.js.br"),
    },
    Asset {
        path: "/assets/chunk-XUZ3NCTG.js",
        kind: "text/javascript; charset=utf-8",
        plain: include_bytes!("../../console/dist/chunk-XUZ3NCTG.js"),
        brotli: include_bytes!("../../console/dist/chunk-XUZ3NCTG.js.br"),
    },
    Asset {
        path: "/assets/competitions-XWQ2TWOT.js",
        kind: "text/javascript; charset=utf-8",
        plain: include_bytes!("../../console/dist/competitions-XWQ2TWOT.js"),
        brotli: include_bytes!("../../console/dist/competitions-XWQ2TWOT.js.br"),
    },
    Asset {
        path: "/assets/console-LJXFDPI2.js",
        kind: "text/javascript; charset=utf-8",
        plain: include_bytes!("../../console/dist/console-LJXFDPI2.js"),
        brotli: include_bytes!("../../console/dist/console-LJXFDPI2.js.br"),
    },
    Asset {
        path: "/assets/console-VC4NZ6AH.css",
        kind: "text/css; charset=utf-8",
        plain: include_bytes!("../../console/dist/console-VC4NZ6AH.css"),
        brotli: include_bytes!("../../console/dist/console-VC4NZ6AH.css.br"),
    },
    Asset {
        path: "/assets/customers-TDZCCFCW.js",
        kind: "text/javascript; charset=utf-8",
        plain: include_bytes!("../../console/dist/customers-TDZCCFCW.js"),
        brotli: include_bytes!("../../console/dist/customers-TDZCCFCW.js.br"),
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
        path: "/assets/operations-JGK3YBPU.js",
        kind: "text/javascript; charset=utf-8",
        plain: include_bytes!("../../console/dist/operations-JGK3YBPU.js"),
        brotli: include_bytes!("../../console/dist/operations-JGK3YBPU.js.br"),
    },
    Asset {
        path: "/assets/ranks-AW6VBM5W.js",
        kind: "text/javascript; charset=utf-8",
        plain: include_bytes!("../../console/dist/ranks-AW6VBM5W.js"),
        brotli: include_bytes!("../../console/dist/ranks-AW6VBM5W.js.br"),
    },
    Asset {
        path: "/assets/review-LUIJJRJN.js",
        kind: "text/javascript; charset=utf-8",
        plain: include_bytes!("../../console/dist/review-LUIJJRJN.js"),
        brotli: include_bytes!("../../console/dist/review-LUIJJRJN.js.br"),
    },
    Asset {
        path: "/assets/scorecards-746JF47A.js",
        kind: "text/javascript; charset=utf-8",
        plain: include_bytes!("../../console/dist/scorecards-746JF47A.js"),
        brotli: include_bytes!("../../console/dist/scorecards-746JF47A.js.br"),
    },
    Asset {
        path: "/assets/sessions-VZ3G2HIN.js",
        kind: "text/javascript; charset=utf-8",
        plain: include_bytes!("../../console/dist/sessions-VZ3G2HIN.js"),
        brotli: include_bytes!("../../console/dist/sessions-VZ3G2HIN.js.br"),
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
        path: "/assets/voice-7XHB7LHZ.js",
        kind: "text/javascript; charset=utf-8",
        plain: include_bytes!("../../console/dist/voice-7XHB7LHZ.js"),
        brotli: include_bytes!("../../console/dist/voice-7XHB7LHZ.js.br"),
    },
];
