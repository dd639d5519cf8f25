function c(t,n,o){let e=document.createElement("a");e.href=URL.createObjectURL(new Blob([o],{type:n})),e.download=t,e.click(),setTimeout(()=>URL.revokeObjectURL(e.href),6e4)}export{c as a};
