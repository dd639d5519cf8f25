//! What `console/build` made of the sources in `console/`; it writes this list too.

use super::Asset;

pub(super) const ASSETS: &[Asset] = &[
    Asset {
        path: "/assets/console-EJ5FXRJQ.css",
        kind: "text/css; charset=utf-8",
        plain: include_bytes!("../../console/dist/console-EJ5FXRJQ.css"),
        brotli: include_bytes!("../../console/dist/console-EJ5FXRJQ.css.br"),
    },
    Asset {
        path: "/assets/console-QGAKHNMH.js",
        kind: "text/javascript; charset=utf-8",
        plain: include_bytes!("../../console/dist/console-QGAKHNMH.js"),
        brotli: include_bytes!("../../console/dist/console-QGAKHNMH.js.br"),
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
        path: "/assets/survey-NVV7Z7YZ.css",
        kind: "text/css; charset=utf-8",
        plain: include_bytes!("../../console/dist/survey-NVV7Z7YZ.css"),
        brotli: include_bytes!("../../console/dist/survey-NVV7Z7YZ.css.br"),
    },
];
