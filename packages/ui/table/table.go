// Package table is rows of data under named columns, which may be links that sort.
package table

import "github.com/a-h/templ"

// Order is how a column's values follow each other.
type Order string

// The orders.
const (
	None       Order = ""
	Ascending  Order = "ascending"
	Descending Order = "descending"
)

// Column is one column's head.
type Column struct {
	Label string
	// Number aligns the column's values at their end, so that their digits stand below each other.
	Number bool
	// Href sorts the table by the column. Empty for a column that does not.
	Href string
	// Order is set for the one column that the rows are sorted by.
	Order Order
}

// Cell is one value.
type Cell struct {
	Text string
	// Href leads to more about it.
	Href string
	// Content stands in the cell's place instead of Text, such as a badge.
	Content templ.Component
}

// Props describe a table. Caption and Columns are required.
type Props struct {
	// Caption says what the rows are, to who hears the page.
	Caption string
	Columns []Column
	// Rows have a cell for each column. The first names the row.
	Rows [][]Cell
}

// number reports whether the values of a column are numbers.
func (p Props) number(column int) bool { return column < len(p.Columns) && p.Columns[column].Number }
