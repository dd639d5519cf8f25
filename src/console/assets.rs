//! What `console/build` made of the sources in `console/`; it writes this list too.

use super::Asset;

pub(super) const ASSETS: &[Asset] = &[
    Asset {
        path: "/assets/console-JRYS5CSH.js",
        kind: "text/javascript; charset=utf-8",
        plain: include_bytes!("../../console/dist/console-JRYS5CSH.js"),
        brotli: include_bytes!("../../console/dist/console-JRYS5CSH.js.br"),
    },
    Asset {
        path: "/assets/console-Y2DWFXSR.css",
        kind: "text/css; charset=utf-8",
        plain: include_bytes!("../../console/dist/console-Y2DWFXSR.css"),
        brotli: include_bytes!("../../console/dist/console-Y2DWFXSR.css.br"),
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
        path: "/assets/survey-JD7FM5OG.css",
        kind: "text/css; charset=utf-8",
        plain: include_bytes!("../../console/dist/survey-JD7FM5OG.css"),
        brotli: include_bytes!("../../console/dist/survey-JD7FM5OG.css.br"),
    },
];
