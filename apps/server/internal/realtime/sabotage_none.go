//go:build !magpie_unsafe

package realtime

// noOrder has connections take publications as they come. Only a program built with the tag magpie_unsafe can be
// told to, so that tools/chaos can prove that it would notice; in all others this is a constant.
const noOrder = false
