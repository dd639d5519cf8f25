//! What `console/build` made of the sources in `console/`; it writes this list too.

use super::Asset;

pub(super) const ASSETS: &[Asset] = &[
    Asset {
        path: "/assets/ballots-AO2NQIUJ.js",
        kind: "text/javascript; charset=utf-8",
        plain: include_bytes!("../../console/dist/ballots-AO2NQIUJ.js"),
        brotli: include_bytes!("../../console/dist/ballots-AO2NQIUJ.js.br"),
    },
    Asset {
        path: "/assets/callbacks-MIY5UCCJ.js",
        kind: "text/javascript; charset=utf-8",
        plain: include_bytes!("../../console/dist/callbacks-MIY5UCCJ.js"),
        brotli: include_bytes!("../../console/dist/callbacks-MIY5UCCJ.js.br"),
    },
    Asset {
        path: "/assets/chunk-3GIH3YN7.js",
        kind: "text/javascript; charset=utf-8",
        plain: include_bytes!("../../console/dist/chunk-3GIH3YN7.js"),
        brotli: include_bytes!("../../console/dist/chunk-3GIH3YN7.js.br"),
    },
    Asset {
        path: "/assets/chunk-6J62TRQQ.js",
        kind: "text/javascript; charset=utf-8",
        plain: include_bytes!("../../console/dist/chunk-6J62TRQQ.js"),
        brotli: include_bytes!("../../console/dist/chunk-6J62TRQQ.js.br"),
    },
    Asset {
        path: "/assets/chunk-CEHEDBHR.js",
        kind: "text/javascript; charset=utf-8",
        plain: include_bytes!("../../console/dist/chunk-CEHEDBHR.js"),
        brotli: include_bytes!("../../console/dist/chunk-CEHEDBHR.js.br"),
    },
    Asset {
        path: "/assets/chunk-CELMDTGD.js",
        kind: "text/javascript; charset=utf-8",
        plain: include_bytes!("../../console/dist/chunk-CELMDTGD.js"),
        brotli: include_bytes!("../../console/dist/chunk-CELMDTGD.js.br"),
    },
    Asset {
        path: "/assets/chunk-DVMYI32T.js",
        kind: "text/javascript; charset=utf-8",
        plain: include_bytes!("../../console/dist/chunk-DVMYI32T.js"),
        brotli: include_bytes!("../../console/dist/chunk-DVMYI32T.js.br"),
    },
    Asset {
        path: "/assets/chunk-JRP5OVHO.js",
        kind: "text/javascript; charset=utf-8",
        plain: include_bytes!("../../console/dist/chunk-JRP5OVHO.js"),
        brotli: include_bytes!("../../console/dist/chunk-JRP5OVHO.js.br"),
    },
    Asset {
        path: "/assets/chunk-MNR4TNCW.js",
        kind: "text/javascript; charset=utf-8",
        plain: include_bytes!("../../console/dist/chunk-MNR4TNCW.js"),
        brotli: include_bytes!("../../console/dist/chunk-MNR4TNCW.js.br"),
    },
    Asset {
        path: "/assets/chunk-PRLLSUQD.js",
        kind: "text/javascript; charset=utf-8",
        plain: include_bytes!("../../console/dist/chunk-PRLLSUQD.js"),
        brotli: include_bytes!("../../console/dist/chunk-PRLLSUQD.js.br"),
    },
    Asset {
        path: "/assets/chunk-ZHBPQRRH.js",
        kind: "text/javascript; charset=utf-8",
        plain: include_bytes!("../../console/dist/chunk-ZHBPQRRH.js"),
        brotli: include_bytes!("../../console/dist/chunk-ZHBPQRRH.js.br"),
    },
    Asset {
        path: "/assets/competitions-NHMLVKUV.js",
        kind: "text/javascript; charset=utf-8",
        plain: include_bytes!("../../console/dist/competitions-NHMLVKUV.js"),
        brotli: include_bytes!("../../console/dist/competitions-NHMLVKUV.js.br"),
    },
    Asset {
        path: "/assets/console-6T7FQK5B.css",
        kind: "text/css; charset=utf-8",
        plain: include_bytes!("../../console/dist/console-6T7FQK5B.css"),
        brotli: include_bytes!("../../console/dist/console-6T7FQK5B.css.br"),
    },
    Asset {
        path: "/assets/console-KI5NNU54.js",
        kind: "text/javascript; charset=utf-8",
        plain: include_bytes!("../../console/dist/console-KI5NNU54.js"),
        brotli: include_bytes!("../../console/dist/console-KI5NNU54.js.br"),
    },
    Asset {
        path: "/assets/contests-GV65WIH5.js",
        kind: "text/javascript; charset=utf-8",
        plain: include_bytes!("../../console/dist/contests-GV65WIH5.js"),
        brotli: include_bytes!("../../console/dist/contests-GV65WIH5.js.br"),
    },
    Asset {
        path: "/assets/customers-OF2MDFHE.js",
        kind: "text/javascript; charset=utf-8",
        plain: include_bytes!("../../console/dist/customers-OF2MDFHE.js"),
        brotli: include_bytes!("../../console/dist/customers-OF2MDFHE.js.br"),
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
        path: "/assets/long_rows-Y7TH2KTI.js",
        kind: "text/javascript; charset=utf-8",
        plain: include_bytes!("../../console/dist/long_rows-Y7TH2KTI.js"),
        brotli: include_bytes!("../../console/dist/long_rows-Y7TH2KTI.js.br"),
    },
    Asset {
        path: "/assets/operations-VHJYDPYG.js",
        kind: "text/javascript; charset=utf-8",
        plain: include_bytes!("../../console/dist/operations-VHJYDPYG.js"),
        brotli: include_bytes!("../../console/dist/operations-VHJYDPYG.js.br"),
    },
    Asset {
        path: "/assets/praise-VIQQ5C4G.js",
        kind: "text/javascript; charset=utf-8",
        plain: include_bytes!("../../console/dist/praise-VIQQ5C4G.js"),
        brotli: include_bytes!("../../console/dist/praise-VIQQ5C4G.js.br"),
    },
    Asset {
        path: "/assets/ranks-EEREDQAF.js",
        kind: "text/javascript; charset=utf-8",
        plain: include_bytes!("../../console/dist/ranks-EEREDQAF.js"),
        brotli: include_bytes!("../../console/dist/ranks-EEREDQAF.js.br"),
    },
    Asset {
        path: "/assets/review-4GP5YDNP.js",
        kind: "text/javascript; charset=utf-8",
        plain: include_bytes!("../../console/dist/review-4GP5YDNP.js"),
        brotli: include_bytes!("../../console/dist/review-4GP5YDNP.js.br"),
    },
    Asset {
        path: "/assets/scorecards-ZG6IOYWG.js",
        kind: "text/javascript; charset=utf-8",
        plain: include_bytes!("../../console/dist/scorecards-ZG6IOYWG.js"),
        brotli: include_bytes!("../../console/dist/scorecards-ZG6IOYWG.js.br"),
    },
    Asset {
        path: "/assets/sessions-WKTL7KLW.js",
        kind: "text/javascript; charset=utf-8",
        plain: include_bytes!("../../console/dist/sessions-WKTL7KLW.js"),
        brotli: include_bytes!("../../console/dist/sessions-WKTL7KLW.js.br"),
    },
    Asset {
        path: "/assets/verifier-WMIJY7GH.js",
        kind: "text/javascript; charset=utf-8",
        plain: include_bytes!("../../console/dist/verifier-WMIJY7GH.js"),
        brotli: include_bytes!("../../console/dist/verifier-WMIJY7GH.js.br"),
    },
    Asset {
        path: "/assets/voice-B3GFPMXX.js",
        kind: "text/javascript; charset=utf-8",
        plain: include_bytes!("../../console/dist/voice-B3GFPMXX.js"),
        brotli: include_bytes!("../../console/dist/voice-B3GFPMXX.js.br"),
    },
];
