// Command docs is part of Magpie.
package main

func main() {}
