// Package machines tests Lineup on several machines: network namespaces with a switch between them.
package machines
