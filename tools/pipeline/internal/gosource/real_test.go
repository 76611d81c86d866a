package gosource_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"magpie.build/tools/pipeline/internal/golist"
	"magpie.build/tools/pipeline/internal/gosource"
	"magpie.build/tools/pipeline/internal/workspace"
)

var publicCode = flag.Bool("public-code", false, "compare with the go command on public repositories of many modules, from the module proxy")

// repositories are modules by their folders in the repository that they come from.
var repositories = map[string]map[string]string{
	"kubernetes": inFolders("v0.35.0", "k8s.io/", "staging/src/k8s.io/", "", "api apiextensions-apiserver apimachinery apiserver cli-runtime client-go "+
		"cloud-provider cluster-bootstrap code-generator component-base component-helpers controller-manager cri-api cri-client "+
		"dynamic-resource-allocation endpointslice kube-aggregator kube-controller-manager kube-proxy kube-scheduler kubectl kubelet metrics "+
		"mount-utils pod-security-admission sample-apiserver sample-controller"),
	"opentelemetry-go": inFolders("v1.38.0", "go.opentelemetry.io/otel", "", "", ". /trace /metric /sdk /sdk/metric /bridge/opencensus /bridge/opentracing "+
		"/exporters/otlp/otlptrace /exporters/otlp/otlptrace/otlptracegrpc /exporters/otlp/otlptrace/otlptracehttp /exporters/otlp/otlpmetric/otlpmetricgrpc "+
		"/exporters/otlp/otlpmetric/otlpmetrichttp /exporters/stdout/stdouttrace /exporters/stdout/stdoutmetric /exporters/zipkin"),
	"opentelemetry-go-contrib": {
		"go.opentelemetry.io/contrib/bridges/otelslog@v0.13.0":                                            "bridges/otelslog",
		"go.opentelemetry.io/contrib/bridges/otellogrus@v0.13.0":                                          "bridges/otellogrus",
		"go.opentelemetry.io/contrib/bridges/otelzap@v0.13.0":                                             "bridges/otelzap",
		"go.opentelemetry.io/contrib/bridges/prometheus@v0.63.0":                                          "bridges/prometheus",
		"go.opentelemetry.io/contrib/detectors/aws/ec2@v1.38.0":                                           "detectors/aws/ec2",
		"go.opentelemetry.io/contrib/detectors/aws/ecs@v1.38.0":                                           "detectors/aws/ecs",
		"go.opentelemetry.io/contrib/detectors/aws/eks@v1.38.0":                                           "detectors/aws/eks",
		"go.opentelemetry.io/contrib/detectors/aws/lambda@v0.63.0":                                        "detectors/aws/lambda",
		"go.opentelemetry.io/contrib/detectors/azure/azurevm@v0.10.0":                                     "detectors/azure/azurevm",
		"go.opentelemetry.io/contrib/exporters/autoexport@v0.63.0":                                        "exporters/autoexport",
		"go.opentelemetry.io/contrib/instrumentation/github.com/aws/aws-lambda-go/otellambda@v0.63.0":     "instrumentation/github.com/aws/aws-lambda-go/otellambda",
		"go.opentelemetry.io/contrib/instrumentation/github.com/aws/aws-sdk-go-v2/otelaws@v0.63.0":        "instrumentation/github.com/aws/aws-sdk-go-v2/otelaws",
		"go.opentelemetry.io/contrib/instrumentation/github.com/gin-gonic/gin/otelgin@v0.63.0":            "instrumentation/github.com/gin-gonic/gin/otelgin",
		"go.opentelemetry.io/contrib/instrumentation/github.com/gorilla/mux/otelmux@v0.63.0":              "instrumentation/github.com/gorilla/mux/otelmux",
		"go.opentelemetry.io/contrib/instrumentation/github.com/labstack/echo/otelecho@v0.63.0":           "instrumentation/github.com/labstack/echo/otelecho",
		"go.opentelemetry.io/contrib/instrumentation/go.mongodb.org/mongo-driver/mongo/otelmongo@v0.63.0": "instrumentation/go.mongodb.org/mongo-driver/mongo/otelmongo",
		"go.opentelemetry.io/contrib/instrumentation/google.golang.org/grpc/otelgrpc@v0.63.0":             "instrumentation/google.golang.org/grpc/otelgrpc",
		"go.opentelemetry.io/contrib/instrumentation/host@v0.63.0":                                        "instrumentation/host",
		"go.opentelemetry.io/contrib/instrumentation/net/http/httptrace/otelhttptrace@v0.63.0":            "instrumentation/net/http/httptrace/otelhttptrace",
		"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp@v0.63.0":                           "instrumentation/net/http/otelhttp",
		"go.opentelemetry.io/contrib/instrumentation/runtime@v0.63.0":                                     "instrumentation/runtime",
		"go.opentelemetry.io/contrib/otelconf@v0.18.0":                                                    "otelconf",
		"go.opentelemetry.io/contrib/processors/baggagecopy@v0.11.0":                                      "processors/baggagecopy",
		"go.opentelemetry.io/contrib/processors/minsev@v0.11.0":                                           "processors/minsev",
		"go.opentelemetry.io/contrib/propagators/aws@v1.38.0":                                             "propagators/aws",
		"go.opentelemetry.io/contrib/propagators/b3@v1.38.0":                                              "propagators/b3",
		"go.opentelemetry.io/contrib/propagators/jaeger@v1.38.0":                                          "propagators/jaeger",
		"go.opentelemetry.io/contrib/propagators/ot@v1.38.0":                                              "propagators/ot",
		"go.opentelemetry.io/contrib/samplers/jaegerremote@v0.32.0":                                       "samplers/jaegerremote",
		"go.opentelemetry.io/contrib/zpages@v0.63.0":                                                      "zpages",
	},
	"aws-sdk-go-v2": {
		"github.com/aws/aws-sdk-go-v2@v1.39.2":                                  ".",
		"github.com/aws/aws-sdk-go-v2/config@v1.31.12":                          "config",
		"github.com/aws/aws-sdk-go-v2/credentials@v1.18.16":                     "credentials",
		"github.com/aws/aws-sdk-go-v2/feature/ec2/imds@v1.18.9":                 "feature/ec2/imds",
		"github.com/aws/aws-sdk-go-v2/internal/configsources@v1.4.9":            "internal/configsources",
		"github.com/aws/aws-sdk-go-v2/internal/endpoints/v2@v2.7.9":             "internal/endpoints/v2",
		"github.com/aws/aws-sdk-go-v2/internal/ini@v1.8.3":                      "internal/ini",
		"github.com/aws/aws-sdk-go-v2/internal/v4a@v1.4.9":                      "internal/v4a",
		"github.com/aws/aws-sdk-go-v2/aws/protocol/eventstream@v1.7.1":          "aws/protocol/eventstream",
		"github.com/aws/aws-sdk-go-v2/service/internal/accept-encoding@v1.13.1": "service/internal/accept-encoding",
		"github.com/aws/aws-sdk-go-v2/service/internal/checksum@v1.9.0":         "service/internal/checksum",
		"github.com/aws/aws-sdk-go-v2/service/internal/presigned-url@v1.13.9":   "service/internal/presigned-url",
		"github.com/aws/aws-sdk-go-v2/service/internal/s3shared@v1.19.9":        "service/internal/s3shared",
		"github.com/aws/aws-sdk-go-v2/service/s3@v1.88.4":                       "service/s3",
		"github.com/aws/aws-sdk-go-v2/service/sso@v1.29.6":                      "service/sso",
		"github.com/aws/aws-sdk-go-v2/service/ssooidc@v1.35.1":                  "service/ssooidc",
		"github.com/aws/aws-sdk-go-v2/service/sts@v1.38.6":                      "service/sts",
	},
}

// inFolders names modules that are released together.
func inFolders(version, prefix, folder, suffix, names string) map[string]string {
	modules := make(map[string]string)
	for name := range strings.FieldsSeq(names) {
		name = strings.TrimSuffix(name, ".")
		dir := strings.TrimPrefix(folder+name, "/")
		modules[prefix+name+suffix+"@"+version] = dir
	}
	return modules
}

// On real code, too, the reader finds the files that the go command finds.
func TestPublicRepositoriesAreReadAsTheGoCommandReadsThem(t *testing.T) {
	if !*publicCode {
		t.Skip("downloads some hundred modules; -public-code does")
	}
	for name, modules := range repositories {
		t.Run(name, func(t *testing.T) {
			root := assemble(t, modules)
			ws := load(t, root)
			for platform, config := range map[string]gosource.Config{
				"linux":   {GOOS: "linux", GOARCH: "amd64"},
				"cgo":     {GOOS: "linux", GOARCH: "amd64", CGO: true, Tags: []string{"integration", "race"}},
				"windows": {GOOS: "windows", GOARCH: "amd64"},
				"darwin":  {GOOS: "darwin", GOARCH: "arm64"},
			} {
				t.Run(platform, func(t *testing.T) { compareAll(t, ws, config) })
			}
		})
	}
}

// compareAll holds the reader against the go command for every module of a workspace.
func compareAll(t *testing.T, ws *workspace.Workspace, config gosource.Config) {
	t.Helper()
	cgo := "0"
	if config.CGO {
		cgo = "1"
	}
	started := time.Now()
	answer, err := golist.Ask(t.Context(), golist.Question{
		Root:  ws.Root,
		Env:   append(os.Environ(), "GOOS="+config.GOOS, "GOARCH="+config.GOARCH, "CGO_ENABLED="+cgo, "GOFLAGS=", "GOWORK="),
		Flags: []string{"-tags=" + strings.Join(config.Tags, ",")},
	})
	if err != nil {
		t.Fatal(err)
	}
	cache := strings.TrimSpace(string(goCommand(t, ws.Root, "env", "GOMODCACHE")))
	config.Elsewhere = ws.ModuleCache(cache).Folder
	took := time.Since(started)
	var files int
	var unsure []string
	reader := gosource.New(ws, config)
	started = time.Now()
	for _, module := range ws.Modules {
		for _, tests := range []bool{false, true} {
			read, list := reader.Build, answer.Build
			if tests {
				read, list = reader.Test, answer.Test
			}
			got, err := read(module.Name + "/...")
			if err != nil {
				t.Fatal(err)
			}
			want, err := list(module.Name)
			if err != nil {
				t.Fatal(err)
			}
			files += len(want.Files)
			missing, extra := without(want.Files, got.Files), without(got.Files, want.Files)
			if want.Unsure {
				unsure, extra = append(unsure, module.Name), nil
			}
			if len(missing)+len(extra) > 0 {
				t.Errorf("%s, tests %v: %d files are missing: %q; %d are no input to the go command: %q",
					module.Name, tests, len(missing), missing[:min(5, len(missing))], len(extra), extra[:min(5, len(extra))])
			}
		}
	}
	t.Logf("%d modules, %d files compared; go list %v, both readings %v; go list is unsure of %v", len(ws.Modules), files, took, time.Since(started), unsure)
}

func without(a, b []string) []string {
	return slices.DeleteFunc(slices.Clone(a), func(name string) bool {
		_, found := slices.BinarySearch(b, name)
		return found
	})
}

// assemble makes a workspace of modules from the module proxy.
func assemble(t *testing.T, modules map[string]string) (root string) {
	t.Helper()
	root, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	args := []string{"mod", "download", "-json"}
	for module := range modules {
		args = append(args, module)
	}
	work := "go " + strings.TrimPrefix(runtime.Version(), "go") + "\n"
	for decoder := json.NewDecoder(bytes.NewReader(goCommand(t, t.TempDir(), args...))); ; {
		var m struct{ Path, Version, Dir, Error string }
		err := decoder.Decode(&m)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil || m.Error != "" {
			t.Fatal(err, m.Error)
		}
		dir := modules[m.Path+"@"+m.Version]
		if err := os.CopyFS(filepath.Join(root, filepath.FromSlash(dir)), os.DirFS(m.Dir)); err != nil {
			t.Fatal(err)
		}
		work += fmt.Sprintf("use ./%s\n", dir)
	}
	write(t, root, "go.work", work)
	goCommand(t, root, "list", "-m", "all") // writes the checksums that the modules together need
	return root
}

func goCommand(t *testing.T, dir string, args ...string) []byte {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOFLAGS=", "GOWORK=")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go %v: %v\n%s", args, err, &stderr)
	}
	return out
}
