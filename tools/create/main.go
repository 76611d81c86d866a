// Command create is part of Magpie.
package main

func main() {}
