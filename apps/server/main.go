// Command server is part of Magpie.
package main

func main() {}
