package draw

// pageText is the page around the picture. It stands here and not in a file of its own so that a magefile needs Go files only.
const pageText = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Tasks and what they depend on</title>
<style>
:root { color-scheme: light dark; --text: light-dark(#1c1e21, #e8e6e3); --quiet: light-dark(#5a6068, #a5abb3); --mark: light-dark(#fff2c7, #4a3d10) }
body { margin: 2rem auto; padding: 0 1rem; max-width: 80rem; font: 1rem/1.5 system-ui, sans-serif; color: var(--text) }
figure { margin: 0; overflow-x: auto }
svg { color: var(--text) }
svg a:focus-visible rect, svg a:hover rect { stroke-width: 2.5 }
ul { padding: 0; list-style: none }
li { margin-block: .5rem; padding: .5rem .75rem; border-radius: .5rem }
li:target { background: var(--mark) }
h2, h3 { font-size: 1rem }
h3 { margin: 0 }
p { margin: 0 }
code, a { font-family: ui-monospace, monospace }
a { color: inherit }
.quiet { color: var(--quiet) }
</style>
</head>
<body>
<main>
<h1>Tasks and what they depend on</h1>
<figure tabindex="0" aria-label="The graph as a picture">
{{.Picture}}</figure>
<h2>{{len .Items}} tasks, each after those it depends on</h2>
<ul>
{{- range .Items}}
<li id="{{.Anchor}}">
<h3><code>{{.ID}}</code></h3>
{{- with .Help}}
<p>{{.}}</p>
{{- end}}
{{- with .Command}}
<p><code>{{.}}</code></p>
{{- end}}
{{- if .Deps}}
<p><span class="quiet">depends on</span>{{range .Deps}} <a href="#{{anchor .}}">{{.}}</a>{{end}}</p>
{{- end}}
{{- if .Beside}}
<p><span class="quiet">runs with</span>{{range .Beside}} <a href="#{{anchor .}}">{{.}}</a>{{end}}</p>
{{- end}}
{{- if .Users}}
<p><span class="quiet">needed by</span>{{range .Users}} <a href="#{{anchor .}}">{{.}}</a>{{end}}</p>
{{- end}}
</li>
{{- end}}
</ul>
</main>
</body>
</html>
`
