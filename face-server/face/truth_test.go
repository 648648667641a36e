package face_test
import ("testing";"os";"lineup/face-server/face";"lineup/face-server/picture";"path/filepath";"sort";"fmt")
func emb(t *testing.T, r *face.Recogniser, f string) []face.Face { b,err:=os.ReadFile(f); if err!=nil{t.Fatal(err)}
 p,err:=picture.Decode(t.Context(),b,50e6); if err!=nil{t.Fatal(f,err)}
 fs,err:=r.Faces(t.Context(),p); if err!=nil{t.Fatal(err)}; return fs}
func TestTruth(t *testing.T){
 m,err:=face.Open("../kodata"); if err!=nil{t.Fatal(err)}; defer m.Close()
 r,err:=m.NewRecogniser(); if err!=nil{t.Fatal(err)}; defer r.Close()
 known,_:=filepath.Glob("/work/shared/photos/known_people/*"); ke:=map[string][]float32{}
 for _,k:=range known{ fs:=emb(t,r,k); if len(fs)!=1{t.Log(k,len(fs))}; ke[filepath.Base(k)]=fs[0].Embedding }
 un,_:=filepath.Glob("/work/shared/photos/unknown/*")
 for _,u:=range un{ for _,f:=range emb(t,r,u){ type s struct{n string;v float32}; var ss []s
  for n,e:=range ke{ var d float32; for i:=range e{d+=e[i]*f.Embedding[i]}; ss=append(ss,s{n,d})}
  sort.Slice(ss,func(i,j int)bool{return ss[i].v>ss[j].v})
  fmt.Printf("%s (%.0f,%.0f) w%.0f score %.3f %s %.3f | %.3f\n",filepath.Base(u),f.Box.X+f.Box.Width/2,f.Box.Y+f.Box.Height/2,f.Box.Width,f.Score,ss[0].n,ss[0].v,ss[1].v)}}
}
