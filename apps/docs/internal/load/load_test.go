package load_test

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"magpie.build/apps/docs/internal/load"
	"magpie.build/apps/docs/internal/workspacetest"
)

const shop = `
-- go.work --
go 1.26.0

use (
	./apps/till
	./packages/goods
)
-- apps/till/go.mod --
module example.com/shop/apps/till

go 1.26.0

require example.com/shop/packages/goods v0.0.0

replace example.com/shop/packages/goods => ../../packages/goods
-- apps/till/main.go --
// Command till counts.
package main

import "example.com/shop/packages/goods"

func main() { goods.New("pen").Price() }
-- packages/goods/go.mod --
module example.com/shop/packages/goods

go 1.26.0
-- packages/goods/goods.go --
// Package goods knows what is sold.
//
// Deprecated: use nothing.
package goods

import "io"

// A Seller sells.
type Seller interface {
	// Price is in cents.
	Price() int
}

// An Item is sold.
type Item struct {
	// Name is on the label.
	Name string // never empty
	secret int
	Next *Item
}

// Limits of a shop.
const (
	MaxItems = 10
	minItems = 1
)

// ErrGone is wrapped.
//
// Deprecated: use
// [Item].
var ErrGone error

// New makes an item.
func New(name string) *Item { return &Item{Name: name} }

// Price is dear.
func (i *Item) Price() int { return i.secret + len(i.Name) }

// WriteTo writes.
func (i *Item) WriteTo(w io.Writer) (int64, error) { return 0, nil }

// Box is generic.
type Box[T any] struct{ Content T }

// Open opens.
func (b *Box[T]) Open() T { return b.Content }
-- packages/goods/example_test.go --
package goods_test

import (
	"fmt"

	"example.com/shop/packages/goods"
)

func ExampleNew() {
	// A pen.
	pen := goods.New("pen")
	fmt.Println(pen.Price())
	// Output: 3
}

type crate struct{ items []*goods.Item }

func ExampleBox() {
	fmt.Println(len(crate{}.items))
	// Output: 0
}

func ExampleItem_Price_twice() {
	fmt.Println(2 * goods.New("pen").Price())
}
-- packages/goods/internal/till/till.go --
package till
-- packages/onlytests/empty_test.go --
package onlytests
`

func mustLoad(t *testing.T, root string) *load.Workspace {
	t.Helper()
	w, err := load.Load(t.Context(), root)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func TestLoadReadsEveryPackageOfEveryModule(t *testing.T) {
	w := mustLoad(t, workspacetest.Write(t, shop))
	var dirs []string
	for _, p := range w.Packages {
		dirs = append(dirs, p.Dir)
	}
	if want := []string{"apps/till", "packages/goods", "packages/goods/internal/till"}; !slices.Equal(dirs, want) {
		t.Errorf("packages %v, want %v", dirs, want)
	}
	goods := w.Package("example.com/shop/packages/goods")
	if goods != w.At("packages/goods") {
		t.Error("a package is not the same by its path and by its folder")
	}
	if goods.Synopsis != "Package goods knows what is sold." || goods.Deprecated != "use nothing." {
		t.Errorf("synopsis %q, deprecated %q", goods.Synopsis, goods.Deprecated)
	}
	if len(goods.ImportedBy) != 1 || !goods.ImportedBy[0].IsCommand() {
		t.Errorf("imported by %v, want the till alone", goods.ImportedBy)
	}
	if !w.At("packages/goods/internal/till").IsInternal() || goods.IsInternal() {
		t.Error("internal is what lies under a folder of that name, and nothing else")
	}
}

func TestSymbolsAreTheExportedNames(t *testing.T) {
	w := mustLoad(t, workspacetest.Write(t, shop))
	var names []string
	for _, s := range w.At("packages/goods").Symbols() {
		names = append(names, string(s.Kind)+" "+strings.Join(s.Names, ","))
	}
	want := []string{
		"constant MaxItems", "variable ErrGone", "type Box", "method Box.Open", "type Item", "function New",
		"method Item.Price", "method Item.WriteTo", "type Seller",
	}
	if !slices.Equal(names, want) {
		t.Errorf("symbols\n%q, want\n%q", names, want)
	}
}

func symbol(t *testing.T, w *load.Workspace, name string) *load.Symbol {
	t.Helper()
	for _, s := range w.At("packages/goods").Symbols() {
		if slices.Contains(s.Names, name) {
			return s
		}
	}
	t.Fatalf("no symbol %s", name)
	return nil
}

func TestTypesKnowTheirMembersAndRelations(t *testing.T) {
	w := mustLoad(t, workspacetest.Write(t, shop))
	item := symbol(t, w, "Item")
	if len(item.Members) != 2 || item.Members[0].Name != "Name" || !strings.Contains(item.Members[0].Doc, "on the label") {
		t.Errorf("members of Item: %+v", item.Members)
	}
	var contracts []string
	for _, i := range item.Implements {
		contracts = append(contracts, i.Package+"."+i.Symbol)
	}
	if want := []string{"example.com/shop/packages/goods.Seller", "io.WriterTo"}; !slices.Equal(contracts, want) {
		t.Errorf("Item implements %v, want %v", contracts, want)
	}
	by := symbol(t, w, "Seller").ImplementedBy
	if len(by) != 1 || by[0].Symbol != "Item" || !by[0].Pointer {
		t.Errorf("Seller is implemented by %+v, want *Item", by)
	}
	if d := symbol(t, w, "ErrGone").Deprecated; d != "use [Item]." {
		t.Errorf("ErrGone is deprecated with %q", d)
	}
}

func TestExamplesComeWithTheirOutput(t *testing.T) {
	w := mustLoad(t, workspacetest.Write(t, shop))
	e := symbol(t, w, "New").Examples
	if len(e) != 1 || e[0].Output != "3" || !e[0].HasOutput {
		t.Fatalf("examples of New: %+v", e)
	}
	if want := "// A pen.\npen := goods.New(\"pen\")\nfmt.Println(pen.Price())"; e[0].Code != want {
		t.Errorf("code\n%s\nwant\n%s", e[0].Code, want)
	}
	if e := symbol(t, w, "Box").Examples; len(e) != 1 || !strings.HasPrefix(e[0].Code, "package main") || !strings.Contains(e[0].Code, "type crate struct") {
		t.Errorf("an example with a type of its own is a whole program, not %+v", e)
	}
	if e := symbol(t, w, "Item.Price").Examples; len(e) != 1 || e[0].Suffix != "twice" || e[0].HasOutput {
		t.Errorf("examples of Item.Price: %+v", e)
	}
}

func TestIdentifiersAreFoundAcrossModules(t *testing.T) {
	w := mustLoad(t, workspacetest.Write(t, shop))
	main := w.At("apps/till").Files[0]
	var found []string
	for _, ref := range main.Refs {
		if target, ok := w.Find(ref.Object); ok {
			found = append(found, target.Package+" "+target.Symbol)
		}
	}
	want := []string{"example.com/shop/packages/goods New", "example.com/shop/packages/goods Item.Price"}
	if !slices.Equal(found, want) {
		t.Errorf("found %q, want %q", found, want)
	}
	var fields []string
	for _, ref := range w.At("packages/goods").Files[0].Refs {
		if target, ok := w.Find(ref.Object); ok && strings.Contains(target.Symbol, ".") {
			fields = append(fields, target.Symbol)
		}
	}
	if want := []string{"Item.Name", "Item.Name", "Box.Content"}; !slices.Equal(fields, want) {
		t.Errorf("fields %q, want %q", fields, want)
	}
}

func TestBrokenCodeIsNamedWithItsPlace(t *testing.T) {
	root := workspacetest.Write(t, shop)
	workspacetest.Put(t, root, "packages/goods/more.go", []byte("package goods\n\nvar Wrong int = \"word\"\n"))
	_, err := load.Load(t.Context(), root)
	if err == nil || !strings.Contains(err.Error(), "more.go:3:17") {
		t.Errorf("error %v, want one that names more.go:3:17", err)
	}
}

func TestFindRootLooksUpward(t *testing.T) {
	root := workspacetest.Write(t, shop)
	got, err := load.FindRoot(filepath.Join(root, "packages", "goods"))
	if err != nil || got != root {
		t.Errorf("found %s, %v, want %s", got, err, root)
	}
	if _, err := load.FindRoot(t.TempDir()); err == nil {
		t.Error("found a workspace where none is")
	}
}
