// Package prose sets running text: what Markdown becomes, with its headings, lists, quotes and tables.
package prose
