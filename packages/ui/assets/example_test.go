package assets_test

import (
	"fmt"
	"net/http"
	"testing/fstest"

	"magpie.build/packages/ui/assets"
)

func Example() {
	// Usually ui.Dist() and the app's own embedded folder.
	dist := fstest.MapFS{"app.css": {Data: []byte("body { margin: 0 }")}}
	static, err := assets.New(dist)
	if err != nil {
		fmt.Println(err)
		return
	}
	mux := http.NewServeMux()
	mux.Handle(assets.Prefix, static)

	stylesheet, err := static.URL("app.css")
	fmt.Println(stylesheet, err)
	// Output: /assets/app.997faceca2.css <nil>
}
