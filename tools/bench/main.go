// Command bench is part of Magpie.
package main

func main() {}
