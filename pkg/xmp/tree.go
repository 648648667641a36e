package xmp

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
)

// Limits of a packet, which comes from outside.
const (
	// MaxPacket is how long one may be, in bytes; one embedded in a JPEG has 64 KB.
	MaxPacket = 1 << 20
	maxDepth  = 50
	maxNodes  = 50_000
)

// node is an element, or an attribute, which RDF takes for the same.
type node struct {
	name     xml.Name
	content  []byte // its text
	children []*node
}

// parse reads XML without a document type, so that nothing in it stands for anything else.
func parse(packet []byte) (*node, error) {
	if len(packet) > MaxPacket {
		return nil, errors.New("it is longer than a megabyte")
	}
	decoder := xml.NewDecoder(bytes.NewReader(bytes.TrimPrefix(packet, []byte("\xef\xbb\xbf"))))
	root := &node{}
	open := []*node{root}
	for nodes := 0; ; {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			return root, nil
		}
		if err != nil {
			return nil, err
		}
		last := open[len(open)-1]
		switch token := token.(type) {
		case xml.Directive:
			return nil, errors.New("it has a document type")
		case xml.StartElement:
			if nodes += 1 + len(token.Attr); len(open) > maxDepth || nodes > maxNodes {
				return nil, errors.New("it has too many elements, or they are too deep")
			}
			element := &node{name: token.Name}
			for _, a := range token.Attr {
				element.children = append(element.children, &node{name: a.Name, content: []byte(a.Value)})
			}
			last.children = append(last.children, element)
			open = append(open, element)
		case xml.EndElement:
			open = open[:len(open)-1]
		case xml.CharData:
			last.content = append(last.content, token...)
		}
	}
}

// find gives all elements of that name, wherever they are.
func (n *node) find(space, name string) (found []*node) {
	for _, child := range n.children {
		if child.is(space, name) {
			found = append(found, child)
		} else {
			found = append(found, child.find(space, name)...)
		}
	}
	return found
}

func (n *node) is(space, name string) bool { return n.name.Space == space && n.name.Local == name }

// property is what RDF says of the node: an attribute or a child, of itself or of the
// rdf:Description in it; nil for nothing.
func (n *node) property(space, name string) *node {
	for _, child := range n.children {
		if child.is(space, name) {
			return child
		}
	}
	for _, child := range n.children {
		if child.is(nsRDF, "Description") {
			return child.property(space, name)
		}
	}
	return nil
}

// items are those of a list: a Bag, Seq or Alt.
func (n *node) items() (items []*node) {
	for _, list := range n.children {
		for _, item := range list.children {
			if list.name.Space == nsRDF && item.is(nsRDF, "li") {
				items = append(items, item)
			}
		}
	}
	return items
}
