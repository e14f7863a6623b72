//go:build tools

// Names what go.mod is for.
package conformance

import _ "github.com/summerwind/h2spec/cmd/h2spec"
