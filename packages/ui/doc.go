// Package ui holds what every page of the workspace is made of: templ components, the design's tokens and styles, and a little script.
//
// Each component is a package of its own with its template, its style sheet and its examples; [magpie.build/packages/ui/gallery]
// lists them all. A page is a [magpie.build/packages/ui/page.Page] that links the style sheet ui.css and the script ui.js of [Dist],
// which [magpie.build/packages/ui/assets] serves. Nothing here needs inline script or style, so the policy
// "default-src 'none'; script-src 'self'; style-src 'self'" holds without a nonce. What a page can do without scripts, it does.
//
// An app's own style sheet is written inside "@layer app", which comes last, and uses the custom properties of styles/tokens.css.
package ui
